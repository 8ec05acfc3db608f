// usage: choices.mjs '{"server": {"https": PORT}}' CA-FILE; register is already active. Prints, for each choice a
// program can make, which servers it accepts, in order and separated by spaces.
import { readFileSync } from 'node:fs';
import https from 'node:https';
import tls from 'node:tls';

const servers = Object.entries(JSON.parse(process.argv[2]));
const theirs = readFileSync(process.argv[3], 'latin1');

function accepts({ https: port }, options) {
  return new Promise((resolve) => {
    const request = https.get({ host: 'localhost', port, agent: false, ...options }, (response) => {
      resolve(true);
      response.destroy();
    });
    request.on('error', () => resolve(false));
  });
}

async function accepted(options = {}) {
  const names = [];
  for (const [name, ports] of servers) if (await accepts(ports, options)) names.push(name);
  return names.join(' ');
}

/** A context that a program adds a root to by hand, after making it. */
function extended() {
  const context = tls.createSecureContext();
  context.context.addCACert(theirs);
  return context;
}

class Inherited {
  get ca() {
    return theirs;
  }
}

const found = {
  nothing: await accepted(),
  'a ca': await accepted({ ca: theirs }),
  'a list of ca': await accepted({ ca: [theirs] }),
  'an empty list of ca': await accepted({ ca: [] }),
  'ca: undefined': await accepted({ ca: undefined }),
  "ca: ''": await accepted({ ca: '' }),
  'an agent with a ca': await accepted({ agent: new https.Agent({ ca: theirs }) }),
  'a context without a ca': await accepted({ secureContext: tls.createSecureContext() }),
  'a context with a ca': await accepted({ secureContext: tls.createSecureContext({ ca: theirs }) }),
  'a context with an inherited ca': await accepted({
    secureContext: tls.createSecureContext(new Inherited()),
  }),
  'a context with a root added': await accepted({ secureContext: extended() }),
};
if (tls.setDefaultCACertificates) {
  tls.setDefaultCACertificates([theirs]);
  found.setDefaultCACertificates = await accepted();
  tls.setDefaultCACertificates([]);
  found['setDefaultCACertificates([])'] = await accepted();
}
console.log(JSON.stringify(found));
process.exit(0);
