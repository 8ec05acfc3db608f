// usage: choices.mjs '{"server": {"https": PORT}}' CA-FILE; register is already active. Prints, for each choice a
// program can make, which servers it accepts, in order and separated by spaces.
import { once } from 'node:events';
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

/** The cipher a connection gets when a program changes the default; TLS 1.3 has ciphers of its own. */
async function cipher(name) {
  const before = tls.DEFAULT_CIPHERS;
  tls.DEFAULT_CIPHERS = name;
  const { https: port } = servers[0][1];
  const options = { servername: 'localhost', maxVersion: 'TLSv1.2', rejectUnauthorized: false };
  const socket = tls.connect(port, 'localhost', options);
  tls.DEFAULT_CIPHERS = before;
  await once(socket, 'secureConnect');
  return socket.getCipher().name;
}

const found = {
  'tls.DEFAULT_CIPHERS': await cipher('ECDHE-ECDSA-CHACHA20-POLY1305'),
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
  const first = tls.getCACertificates();
  found['the default roots as ca'] = await accepted({ ca: first });
  found['the default roots in one text'] = await accepted({ ca: first.join('\n') });
  found['a context with the default roots and theirs'] = await accepted({
    secureContext: tls.createSecureContext({ ca: [...first, theirs] }),
  });
  const early = tls.createSecureContext();
  const lists = {
    'no list': 'nonsense',
    'all and theirs': [...first, theirs],
    'all as bytes and theirs': [...first.map((root) => Buffer.from(`# a root\n${root}\n`)), theirs],
    theirs: [theirs],
    'theirs again': [theirs],
    'all again': [...first],
    'all but one': tls.rootCertificates.slice(1),
    "all without the package's": first.slice(0, -1),
    none: [],
  };
  for (const [name, list] of Object.entries(lists)) {
    try {
      tls.setDefaultCACertificates(list);
    } catch (error) {
      if (error.code !== 'ERR_INVALID_ARG_TYPE') throw error;
    }
    found[`default: ${name}`] = await accepted();
  }
  found['a context from before'] = await accepted({ secureContext: early });
}
console.log(JSON.stringify(found));
process.exit(0);
