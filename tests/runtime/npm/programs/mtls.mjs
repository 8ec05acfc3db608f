// Servers that ask for a client certificate, made in every way Node has; prints {way: authorized}.
// Reads {cert, key, clientCert, clientKey, ca} from standard input: all PEM, the client's issued by `ca`. The
// argument is a file of another CA.
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';

const { cert, key, clientCert, clientKey, ca } = JSON.parse(readFileSync(0, 'utf8'));
const asking = { cert, key, requestCert: true, rejectUnauthorized: false };
const context = () => tls.createSecureContext({ cert, key });

/** Connect to a listening server with the client's certificate, and wait for what the server saw. */
async function ask(server, seen, options = {}) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const identity = { cert: clientCert, key: clientKey, rejectUnauthorized: false };
  const { port } = server.address();
  const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ...identity, ...options });
  const authorized = await seen;
  socket.destroy();
  server.close();
  return authorized;
}

const overTls = (server, options) =>
  ask(
    server,
    new Promise((resolve) => server.on('secureConnection', (it) => resolve(it.authorized))),
    options,
  );

/** A TLS socket made by hand on the server's side of a plain connection. */
function byHand() {
  const server = net.createServer();
  const seen = new Promise((resolve) =>
    server.on('connection', (raw) => {
      const socket = new tls.TLSSocket(raw, { isServer: true, ...asking });
      // Only the server's own code can ask here: `authorized` is set for tls.Server alone.
      socket.on('secure', () => resolve(socket._handle.verifyError() === null));
      socket.on('error', () => {});
    }),
  );
  return ask(server, seen);
}

/** A context that a client has used before a server takes it. */
async function usedByClient() {
  const shared = tls.createSecureContext({ cert: clientCert, key: clientKey });
  await overTls(tls.createServer(asking), { secureContext: shared });
  return overTls(tls.createServer({ ...asking, SNICallback: (_name, done) => done(null, shared) }));
}

/** The context that a client's socket keeps for itself; with keepAlive it outlives the connection. */
function offClientSocket() {
  const socket = tls.connect({ port: 1, cert: clientCert, key: clientKey, keepAlive: true });
  socket.on('error', () => {}); // nobody listens there
  const taken = socket._tlsOptions.secureContext;
  return overTls(tls.createServer({ ...asking, SNICallback: (_name, done) => done(null, taken) }));
}

const ways = {
  'tls.createServer': () => overTls(tls.createServer(asking)),
  'https.createServer': () => overTls(https.createServer(asking)),
  'http2.createSecureServer': () => overTls(http2.createSecureServer(asking), { ALPNProtocols: ['h2'] }),
  setSecureContext: () => {
    const server = tls.createServer({ requestCert: true, rejectUnauthorized: false });
    server.setSecureContext({ cert, key });
    return overTls(server);
  },
  addContext: () => {
    const server = tls.createServer(asking);
    server.addContext('localhost', { cert, key });
    return overTls(server);
  },
  'addContext with a context': () => {
    const server = tls.createServer(asking);
    server.addContext('localhost', context());
    return overTls(server);
  },
  SNICallback: () =>
    overTls(tls.createServer({ ...asking, SNICallback: (_name, done) => done(null, context()) })),
  'new tls.TLSSocket': byHand,
  'a context that a client used': usedByClient,
  'a context off a client socket': offClientSocket,
  'a ca of its own': () => overTls(tls.createServer({ ...asking, ca })),
};

const listed = tls.getCACertificates?.('default');
if (listed) {
  const theirs = readFileSync(process.argv[2], 'latin1');
  const lists = {
    'the default roots': listed,
    'the default roots and another': [...listed, theirs],
    'the default roots in one text': listed.join('\n'),
    'the default roots as bytes': Buffer.from(listed.join('\n')),
    'the default roots of Windows': listed.join('\n').replace(/\n/g, '\r\n'),
  };
  for (const [name, ca] of Object.entries(lists))
    ways[name] = () => overTls(tls.createServer({ ...asking, ca }));
  ways['a context with the default roots'] = () => {
    const server = tls.createServer(asking);
    server.addContext('localhost', tls.createSecureContext({ cert, key, ca: listed }));
    return overTls(server);
  };
}
if (tls.setDefaultCACertificates)
  ways['after setDefaultCACertificates'] = () => {
    tls.setDefaultCACertificates([...listed, readFileSync(process.argv[2], 'latin1')]);
    return overTls(tls.createServer(asking));
  };

const found = {};
for (const [way, check] of Object.entries(ways)) found[way] = await check();
console.log(JSON.stringify(found));
process.exit(0);
