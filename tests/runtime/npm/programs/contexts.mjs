// Contexts that a program makes itself and hands to tls.connect; register is already active. Prints answers.
// Reads {servers: {name: {cert, key}}, clients: {name: {cert, key}}, roots: {name: PEM}} from standard input.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import tls from 'node:tls';

const { servers, clients, roots } = JSON.parse(readFileSync(0, 'utf8'));

/** Serve, and tell each client the name in its certificate. */
async function serve(identity) {
  const asking = { ...identity, ca: roots.acme, requestCert: true, rejectUnauthorized: false };
  const server = tls.createServer(asking, (socket) => {
    socket.on('error', () => {});
    socket.end(socket.getPeerCertificate().subject?.CN ?? 'nobody');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

const ports = {};
for (const [name, identity] of Object.entries(servers)) ports[name] = await serve(identity);

/** Connect, and return whom the server saw; nothing if the client refused it. */
function connect(port, options) {
  return new Promise((resolve) => {
    const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ...options });
    socket.on('error', () => resolve(undefined));
    socket.on('data', (name) => resolve(`${name}`));
  });
}

/** Name the servers that a client accepts. */
async function accepted(options) {
  const names = [];
  for (const [name, port] of Object.entries(ports)) if (await connect(port, options)) names.push(name);
  return names.join(' ');
}

const { anna, bert } = clients;
const spaces = (text) => Buffer.from(text.padEnd(9000));
const found = {};

{
  const key = Buffer.from(anna.key);
  const secureContext = tls.createSecureContext({ cert: anna.cert, key });
  key.fill(0);
  found['a key wiped'] = await connect(ports.acme, { secureContext });
}
{
  const [cert, key] = [spaces(anna.cert), spaces(anna.key)];
  const secureContext = tls.createSecureContext({ cert: [cert], key: [{ pem: key }] });
  spaces(bert.cert).copy(cert);
  spaces(bert.key).copy(key);
  found['bytes overwritten'] = await connect(ports.acme, { secureContext });
}
{
  const lists = { cert: [anna.cert], key: [anna.key] };
  const secureContext = tls.createSecureContext(lists);
  lists.cert.length = 0;
  lists.key.length = 0;
  found['lists emptied'] = await connect(ports.acme, { secureContext });
}
{
  let who = anna;
  class Rotating {
    get cert() {
      return who.cert;
    }
    get key() {
      return who.key;
    }
  }
  const secureContext = tls.createSecureContext(new Rotating());
  who = bert;
  found.rotated = await connect(ports.acme, { secureContext });
}
{
  // A stranger's wrapper with all properties of what it wraps, which sees to it that each has a certificate.
  const before = tls.createSecureContext;
  let who = anna;
  tls.createSecureContext = (options) => before({ ...options, ...who });
  Object.defineProperties(tls.createSecureContext, Object.getOwnPropertyDescriptors(before));
  found['a stranger gives one'] = await connect(ports.acme);
  who = bert;
  found['and another'] = await connect(ports.acme);
  tls.createSecureContext = before;
  found['and none'] = await connect(ports.acme);
}
if (tls.getCACertificates) {
  class Listing {
    get ca() {
      return tls.getCACertificates('default');
    }
  }
  const secureContext = tls.createSecureContext(new Listing());
  found['a class that lists the roots'] = await accepted({ secureContext });
}
if (tls.setDefaultCACertificates) {
  const first = tls.getCACertificates('default');
  try {
    tls.setDefaultCACertificates(first.join('\n'));
  } catch ({ code }) {
    found['a text is no list'] = code;
  }
  const early = tls.createSecureContext();
  const listed = tls.createSecureContext({ ca: [...first, roots.globex] });
  tls.setDefaultCACertificates([...first, roots.unrelated]);
  found['from before a longer list'] = await accepted({ secureContext: early });
  found['of a list of its own'] = await accepted({ secureContext: listed });
  found['by that list'] = await accepted();
  tls.setDefaultCACertificates([...first.slice(-2), roots.globex]);
  const narrow = tls.createSecureContext();
  found['from before a shorter list'] = await accepted({ secureContext: early });
  tls.setDefaultCACertificates(first);
  found['from the shorter list'] = await accepted({ secureContext: narrow });
  tls.setDefaultCACertificates(first.slice(0, -1));
  found['one of the bundle struck out'] = await accepted();
  found['and listed'] = tls.getCACertificates('default').length - first.length;
  found['from before that'] = await accepted({ secureContext: early });
  tls.setDefaultCACertificates(first);
  found['put back'] = await accepted();
}
console.log(JSON.stringify(found));
process.exit(0);
