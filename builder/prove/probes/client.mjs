// Opens a URL with one client; exits with 0 if it accepted the server's certificate, with 1 and the reason if not.
// Copied into the project under proof, so that the libraries it asks for are that project's.
//
//     node client.mjs CLIENT URL

import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import tls from 'node:tls';

const [client, url] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const address = { host: hostname, port: port || 443 };

/** Wait until `emitter` tells that the certificate was accepted; an `error` before that is thrown. */
async function accepted(emitter, event, close) {
  await once(emitter, event);
  emitter.on('error', () => {}); // what comes after acceptance is not asked
  close(emitter);
}

// The proof's server counts as accepted what sends it a request: so each of them does.
const CLIENTS = {
  https: () => accepted(https.get(url, { agent: false }), 'response', (it) => it.destroy()),
  async http2() {
    const session = http2.connect(url);
    session.on('error', () => {}); // which its request has, too
    await accepted(session.request(), 'response', () => session.destroy());
  },
  async tls() {
    const socket = tls.connect({ ...address, servername: hostname });
    socket.write(`GET / HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`);
    await accepted(socket, 'data', (it) => it.destroy());
  },
  async fetch() {
    await (await fetch(url)).text();
  },
  async undici() {
    const { request: get } = await import('undici');
    await (await get(url)).body.dump();
  },
  async axios() {
    const { default: axios } = await import('axios');
    await axios.get(url, { proxy: false, validateStatus: null });
  },
  async ws() {
    const { WebSocket } = await import('ws');
    const socket = new WebSocket(url.replace(/^http/, 'ws'));
    // An answer that is no WebSocket's comes after the certificate was accepted, too.
    const answers = ['upgrade', 'unexpected-response'];
    await Promise.race(answers.map((event) => accepted(socket, event, (it) => it.terminate())));
  },
  async '@grpc/grpc-js'() {
    const { default: grpc } = await import('@grpc/grpc-js');
    // One address, under its name: of several it would tell the last one's error, and localhost's may have no server.
    const found = await lookup(hostname);
    const target = `${found.family === 6 ? `[${found.address}]` : found.address}:${address.port}`;
    const client = new grpc.Client(target, grpc.credentials.createSsl(), {
      'grpc.ssl_target_name_override': hostname,
    });
    const same = (value) => value;
    const deadline = Date.now() + 60_000;
    const call = (done) =>
      client.makeUnaryRequest('/trustpack.Proof/Ask', same, same, Buffer.alloc(0), { deadline }, done);
    // Any other status is the server's, and came over TLS.
    const { UNAVAILABLE, DEADLINE_EXCEEDED } = grpc.status;
    await new Promise((resolve, reject) =>
      call((error) => ([UNAVAILABLE, DEADLINE_EXCEEDED].includes(error?.code) ? reject(error) : resolve())),
    );
  },
};

/** Say why, however deep a library has wrapped it. */
function reasons(error) {
  const found = [];
  for (let it = error; it; it = it.cause) found.push(it.code, it.message);
  return found.filter(Boolean).join(': ');
}

try {
  await CLIENTS[client]();
  console.log('accepted');
  process.exit(0);
} catch (error) {
  console.log(reasons(error));
  process.exit(1);
}
