'use strict';
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const made = (tag, properties) => Object.assign(document.createElement(tag), properties);
  const said = document.getElementById('said');

  // Copy. Where a page comes by plain http, browsers have no clipboard object: the old way still works.
  const selectedAndCopied = (text) => {
    const field = made('textarea', { value: text, readOnly: true, className: 'unseen' });
    const focused = document.activeElement;
    document.body.append(field);
    field.select();
    const worked = document.execCommand('copy');
    field.remove();
    focused?.focus();
    return worked;
  };
  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return selectedAndCopied(text);
    }
  };
  for (const source of all('[data-copy]')) {
    const what = source.dataset.copy;
    const text = source.textContent; // before the button is in it
    const button = made('button', { type: 'button', className: 'copy', textContent: 'Copy' });
    button.setAttribute('aria-label', `Copy the ${what}`);
    button.addEventListener('click', async () => {
      const worked = await copied(text);
      button.textContent = worked ? 'Copied' : 'Select it';
      button.classList.toggle('done', worked);
      said.textContent = worked ? `Copied the ${what}` : `The ${what} could not be copied`;
      setTimeout(() => {
        button.textContent = 'Copy';
        button.classList.remove('done');
      }, 2000);
    });
    if (source.matches('pre')) source.prepend(button);
    else source.after(button);
  }

  // One system at a time, the reader's own first. Links stay links: an address with # opens the one it names.
  const links = all('.chooser a');
  const panels = all('.panel');
  const show = (id) => {
    if (!panels.some((panel) => panel.id === id)) return false;
    for (const panel of panels) panel.hidden = panel.id !== id;
    for (const link of links) {
      if (link.hash === `#${id}`) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
    return true;
  };
  const guess = () => {
    const agent = `${navigator.userAgentData?.platform ?? ''} ${navigator.userAgent}`;
    if (/Mac|iPhone|iPad/.test(agent)) return 'brew';
    if (/Fedora|Red Hat|CentOS|SUSE/i.test(agent)) return 'rpm';
    if (/Linux|X11/.test(agent) && !/Android/.test(agent)) return 'apt';
    return '';
  };
  if (panels.length > 1) {
    const own = links.find((link) => link.dataset.ecosystem === guess());
    if (own) {
      own.append(made('span', { className: 'guess', textContent: 'yours?' }));
      own.closest('ul').prepend(own.parentElement);
    }
    for (const link of links) {
      link.addEventListener('click', (event) => {
        event.preventDefault();
        show(link.hash.slice(1));
        history.replaceState(null, '', link.hash);
        const title = document.getElementById(link.hash.slice(1)).querySelector('h3');
        title.focus({ preventScroll: true });
        title.scrollIntoView({ block: 'nearest' });
      });
    }
    addEventListener('hashchange', () => show(location.hash.slice(1)));
    if (!show(location.hash.slice(1))) show((own ?? links[0]).hash.slice(1));
  }

  // The upright line stands at the reader's day, and a page that is out of date says so.
  const now = Date.now() / 1000;
  for (const table of all('table[data-begin]')) {
    const { begin, end } = table.dataset;
    const place = `${Math.min(Math.max(((now - begin) / (end - begin)) * 100, 0), 100)}%`;
    for (const line of all('.now', table)) {
      line.setAttribute('x1', place);
      line.setAttribute('x2', place);
    }
  }
  const line = document.getElementById('line');
  if (line) line.textContent = 'today';
  const expires = document.getElementById('expires');
  document.getElementById('frozen').hidden = Date.parse(expires.dateTime) / 1000 > now;

  // Long tables can be searched.
  for (const table of all('.authorities')) {
    const rows = all('tbody tr', table);
    if (rows.length < 12) continue;
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const field = made('input', {
      type: 'search',
      name: 'authority',
      autocomplete: 'off',
      spellcheck: false,
    });
    const count = made('span', { role: 'status' });
    const label = made('label', { textContent: 'Find an authority ' });
    const bar = made('div', { className: 'filter' });
    label.append(field);
    bar.append(label, count);
    field.addEventListener('input', () => {
      const word = field.value.trim().toLowerCase();
      const digits = word.replace(/[:\s]/g, '');
      let found = 0;
      rows.forEach((row, i) => {
        row.hidden = !(texts[i].includes(word) || (digits && texts[i].includes(digits)));
        if (!row.hidden) found += 1;
      });
      count.textContent = word ? `${found} of ${rows.length}` : '';
    });
    table.parentElement.before(bar);
  }

  addEventListener('beforeprint', () => {
    for (const details of all('details')) details.open = true;
  });
})();
