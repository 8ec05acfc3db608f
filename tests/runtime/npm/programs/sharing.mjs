// What connections keep for themselves while they share contexts; register is already active. Prints answers.
// Reads {cert, key, clients: [{cert, key}, …], ca} from standard input: all PEM; the clients' are issued by `ca`.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import tls from 'node:tls';

const { cert, key, clients, ca } = JSON.parse(readFileSync(0, 'utf8'));

// Each reading of the bundle goes through here.
let readings = 0;
const methods = Object.getPrototypeOf(tls.createSecureContext({ ca }).context);
const { addCACert } = methods;
methods.addCACert = function count(...args) {
  readings += 1;
  return Reflect.apply(addCACert, this, args);
};

const server = tls.createServer(
  { cert, key, ca, requestCert: true, rejectUnauthorized: false, ALPNProtocols: ['one', 'two'] },
  (socket) => {
    socket.on('error', () => {});
    socket.end(`${socket.getPeerCertificate().subject?.CN ?? 'nobody'} `);
  },
);
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address();

async function open(options = {}) {
  const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ...options });
  await once(socket, 'secureConnect');
  return socket;
}

/** Connect, and return what the server said and what `ask` says of the socket. */
async function connect(options, ask = () => '') {
  const socket = await open(options);
  const [said] = await once(socket, 'data');
  const answer = `${said}${ask(socket)}`.trim();
  socket.destroy();
  return answer;
}

/** Say how often the bundle was read meanwhile. */
async function count(job) {
  const before = readings;
  await job();
  return readings - before;
}

async function times(number, options) {
  for (let left = number; left > 0; left -= 1) await connect(options);
}

const protocol = (socket) => socket.getProtocol();
const found = {
  'ten connections': await count(() => times(10)),
  'ten more': await count(() => times(10)),
  'ten at a time': await count(() => Promise.all(Array.from({ length: 10 }, () => connect()))),
  'ten of another version': await count(() => times(10, { maxVersion: 'TLSv1.2' })),
  'ten with equal bytes': await count(async () => {
    for (let left = 10; left > 0; left -= 1)
      await connect({ cert: Buffer.from(clients[0].cert), key: [{ pem: clients[0].key }] });
  }),
  'ten of contexts made alike': await count(async () => {
    for (let left = 10; left > 0; left -= 1) await connect({ secureContext: tls.createSecureContext() });
  }),
  'each its certificate': [
    await connect(clients[0]),
    await connect(clients[1]),
    await connect(),
    await connect(clients[0]),
  ],
  'each its version': [
    await connect({ maxVersion: 'TLSv1.2' }, protocol),
    await connect({}, protocol),
    await connect({ minVersion: 'TLSv1.3' }, protocol),
  ],
  'each its ALPN': [
    await connect({ ALPNProtocols: ['two'] }, (it) => it.alpnProtocol),
    await connect({ ALPNProtocols: ['one'] }, (it) => it.alpnProtocol),
    await connect({}, (it) => it.alpnProtocol),
  ],
};

// One's end is not the others'.
const [first, second] = [await open(), await open()];
first.destroy();
await once(first, 'close');
found['after the first has ended'] = `${(await once(second, 'data'))[0]}`.trim();
second.destroy();

tls.DEFAULT_MAX_VERSION = 'TLSv1.2';
found['after a change of the defaults'] = await connect({}, protocol);
tls.DEFAULT_MAX_VERSION = 'TLSv1.3';
found['and back'] = await connect({}, protocol);

const keys = [];
for (const name of ['a', 'b']) {
  const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost' });
  socket.on('keylog', () => keys.push(name));
  await once(socket, 'data');
  socket.destroy();
}
found['each its keys'] = [...new Set(keys)].join('');

const agent = new https.Agent({ maxCachedSessions: 10 });
const web = https.createServer({ cert, key, maxVersion: 'TLSv1.2' }, (_request, response) =>
  response.end('it'),
);
await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
const reused = [];
for (let left = 2; left > 0; left -= 1) {
  const options = { port: web.address().port, host: '127.0.0.1', servername: 'localhost', agent };
  const request = https.get(options);
  const [response] = await once(request, 'response');
  reused.push(response.socket.isSessionReused());
  response.resume();
  await once(response, 'end');
}
found['an agent resumes its sessions'] = reused;

// Somebody puts a root into the context of a connection: that context is for nobody else.
const socket = await open();
socket._tlsOptions.secureContext.context.addCACert(ca);
socket.destroy();
found['after a context was changed'] = await count(() => times(10));

// A stranger's wrapper, which may do something else each time, is asked each time.
const wrapped = tls.createSecureContext;
let asked = 0;
tls.createSecureContext = (...args) => {
  asked += 1;
  return wrapped(...args);
};
await times(3);
found["a stranger's wrapper is asked"] = asked;
tls.createSecureContext = wrapped;
found['and none after it'] = await count(() => times(10));

console.log(JSON.stringify(found));
process.exit(0);
