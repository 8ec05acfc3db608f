// Opens a URL with one client; exits with 0 if it accepted the server's certificate, with 1 and the reason if not.
// Copied into the project under proof, so that the libraries it asks for are that project's.
//
//     node client.mjs CLIENT URL

import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import tls from 'node:tls';

const [client, url] = process.argv.slice(2);
const { hostname, port } = new URL(url);

/** Wait until `emitter` tells that the certificate was accepted; an `error` before that is thrown. */
async function accepted(emitter, event, close) {
  await once(emitter, event);
  emitter.on('error', () => {}); // what comes after acceptance is not asked
  close(emitter);
}

const request = () => accepted(https.get(url, { agent: false }), 'response', (it) => it.destroy());

// The server speaks HTTP/1.1 only, and counts as accepted what sends it a request: clients that cannot send one
// are followed by one that does.
const CLIENTS = {
  https: request,
  async http2() {
    await accepted(http2.connect(url), 'connect', (it) => it.destroy());
    await request();
  },
  async tls() {
    await accepted(tls.connect(port, hostname, { servername: hostname }), 'secureConnect', (it) => it.destroy());
    await request();
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
    await axios.get(url, { proxy: false });
  },
  async ws() {
    const { WebSocket } = await import('ws');
    const socket = new WebSocket(url.replace(/^http/, 'ws'));
    // An answer that is no WebSocket's comes after the certificate was accepted, too.
    const answers = ['upgrade', 'unexpected-response'];
    await Promise.race(answers.map((event) => accepted(socket, event, (it) => it.terminate())));
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
