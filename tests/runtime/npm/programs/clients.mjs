// Each client as a function (host, ports) that resolves when a TLS connection was accepted and verified, and
// rejects otherwise. Libraries are loaded when asked for, so that a runtime may lack some.
import { fork } from 'node:child_process';
import http2 from 'node:http2';
import https from 'node:https';
import { createRequire } from 'node:module';
import net from 'node:net';
import tls, { connect } from 'node:tls';
import { Worker } from 'node:worker_threads';

const DEADLINE = 5000;

const url = (host, port, scheme = 'https') => `${scheme}://${host}:${port}/`;

function settled(emitter, good, close) {
  return new Promise((resolve, reject) => {
    emitter.once(good, () => {
      resolve();
      close(emitter);
    });
    emitter.once('error', reject);
  });
}

/** A client of Redis, which accepts the certificate before it sends a command. */
async function redis(host, ports, options) {
  const { default: Redis } = await import('ioredis');
  const settings = { retryStrategy: null, maxRetriesPerRequest: 0, enableReadyCheck: false };
  const client = new Redis({ host, port: ports.https, tls: options, ...settings });
  await settled(client, 'connect', (it) => it.disconnect());
  client.on('error', () => {});
}

/** A client with the roots that a library brings. */
async function withItsRoots(host, ports, change) {
  const { default: theirs } = await import('ssl-root-cas');
  const agent = new https.Agent({ ca: change(theirs.create()) });
  await settled(https.get(url(host, ports.https), { agent }), 'response', (it) => it.destroy());
}

/** Run one client in a thread or process of its own: it starts this very file. */
function elsewhere(emitter, job) {
  return new Promise((resolve, reject) => {
    emitter.once('message', (error) => (error ? reject(new Error(error)) : resolve()));
    emitter.once('error', reject);
    (emitter.send ?? emitter.postMessage).call(emitter, job);
  });
}

export const clients = {
  https: (host, ports) =>
    settled(https.get(url(host, ports.https), { agent: false }), 'response', (it) => it.destroy()),
  http2: (host, ports) => settled(http2.connect(url(host, ports.http2)), 'connect', (it) => it.destroy()),
  tls: (host, ports) =>
    settled(tls.connect(ports.https, host, { servername: host }), 'secureConnect', (it) => it.destroy()),
  handmade: async (host, ports) => {
    const socket = new tls.TLSSocket(net.connect(ports.https, host), { isServer: false });
    socket.setServername(host);
    socket._start();
    await settled(socket, 'secure', () => {});
    const error = socket._handle.verifyError();
    socket.destroy();
    if (error) throw error;
  },
  'named import': (host, ports) =>
    settled(connect(ports.https, host, { servername: host }), 'secureConnect', (it) => it.destroy()),
  fetch: async (host, ports) => void (await (await fetch(url(host, ports.https))).text()),
  websocket: (host, ports) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url(host, ports.https, 'wss'));
      socket.onopen = () => resolve(socket.close());
      socket.onerror = () => reject(new Error('WEBSOCKET_FAILED')); // the standard tells a page no more
    }),
  undici: async (host, ports) => {
    const { request } = await import('undici');
    await (await request(url(host, ports.https))).body.dump();
  },
  axios: async (host, ports) => {
    const { default: axios } = await import('axios');
    await axios.get(url(host, ports.https), { proxy: false });
  },
  ws: async (host, ports) => {
    const { WebSocket } = await import('ws');
    await settled(new WebSocket(url(host, ports.https, 'wss')), 'open', (it) => it.terminate());
  },
  grpc: async (host, ports) => {
    const { default: grpc } = await import('@grpc/grpc-js');
    const client = new grpc.Client(`${host}:${ports.http2}`, grpc.credentials.createSsl());
    const same = (value) => value;
    const deadline = Date.now() + DEADLINE;
    await new Promise((resolve, reject) =>
      client.makeUnaryRequest('/proof.Echo/Call', same, same, Buffer.from('x'), { deadline }, (error) =>
        error ? reject(error) : resolve(),
      ),
    ).finally(() => client.close());
  },
  got: async (host, ports) => {
    const { default: got } = await import('got');
    await got(url(host, ports.https), { retry: { limit: 0 } });
  },
  ioredis: (host, ports) => redis(host, ports, {}),
  'ioredis profile': (host, ports) => redis(host, ports, 'RedisCloudFixed'),
  'ssl-root-cas': (host, ports) => withItsRoots(host, ports, (roots) => roots),
  'ssl-root-cas with ours': async (host, ports) => {
    const { path } = createRequire(`${process.cwd()}/program`)('acme-ca');
    await withItsRoots(host, ports, (roots) => roots.addFile(path));
  },
  worker: async (host, ports) => {
    const worker = new Worker(new URL('elsewhere.mjs', import.meta.url));
    await elsewhere(worker, { host, ports }).finally(() => worker.terminate());
  },
  child: async (host, ports) => {
    const child = fork(new URL('elsewhere.mjs', import.meta.url), { execArgv: [] });
    await elsewhere(child, { host, ports }).finally(() => child.kill());
  },
};

const REASONS =
  /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|SELF_SIGNED_CERT_IN_CHAIN|CERT_HAS_EXPIRED|ERR_TLS_CERT_ALTNAME_INVALID|WEBSOCKET_FAILED/;

/** Say why a connection was refused, by OpenSSL's name, however deep a library has wrapped it. */
function reason(error) {
  const found = [];
  for (let it = error; it; it = it.cause) found.push(it.code, it.message, it.name);
  const text = found.join(' ');
  if (text.includes('unable to verify the first certificate')) return 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';
  if (text.includes('certificate has expired')) return 'CERT_HAS_EXPIRED';
  if (text.includes('altnames')) return 'ERR_TLS_CERT_ALTNAME_INVALID';
  return REASONS.exec(text)?.[0] ?? text;
}

/** Run clients against servers; return {server: {client: 'ok' or why not}}. */
export async function run(names, servers, host = 'localhost') {
  const results = {};
  for (const [server, ports] of Object.entries(servers)) {
    const outcome = (name) => clients[name](host, ports).then(() => 'ok', reason);
    results[server] = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await outcome(name)])),
    );
  }
  return results;
}
