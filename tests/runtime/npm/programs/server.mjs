// TLS servers for the clients under test. Reads {name: {cert, key}} from standard input, prints
// {name: {https, http2}} (ports; the second speaks gRPC too), and serves until standard input closes.
// They listen on ::1 as well: where `localhost` means both, as on Debian, some clients try it alone, or last.
import https from 'node:https';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import grpc from '@grpc/grpc-js';
import { WebSocketServer } from 'ws';

/** Whether this machine has ::1: a container may have none. */
const six = await new Promise((resolve) => {
  const probe = net.createServer();
  probe.once('error', () => resolve(false));
  probe.listen(0, '::1', () => probe.close(() => resolve(true)));
});

/** Listen on one port of 127.0.0.1 and ::1; `listen` (host, port) resolves to the port. */
async function both(listen) {
  const port = await listen('127.0.0.1', 0);
  if (six) await listen('[::1]', port);
  return port;
}

function serveHttps({ cert, key }) {
  return both((host, port) => {
    const server = https.createServer({ cert, key }, (_request, response) => {
      response.setHeader('Content-Type', 'application/json');
      response.end('{}\n');
    });
    new WebSocketServer({ server }).on('connection', (socket) => socket.send('hello'));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host.replace(/[[\]]/g, ''), () => resolve(server.address().port));
    });
  });
}

const echo = {
  path: '/proof.Echo/Call',
  requestStream: false,
  responseStream: false,
  requestSerialize: (value) => value,
  requestDeserialize: (value) => value,
  responseSerialize: (value) => value,
  responseDeserialize: (value) => value,
};

function serveGrpc({ cert, key }) {
  const server = new grpc.Server();
  server.addService({ call: echo }, { call: (call, reply) => reply(null, call.request) });
  const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) };
  const credentials = grpc.ServerCredentials.createSsl(null, [pair], false);
  const bind = promisify(server.bindAsync.bind(server));
  return both((host, port) => bind(`${host}:${port}`, credentials));
}

const lines = createInterface({ input: process.stdin });
lines.once('line', async (line) => {
  const ports = {};
  for (const [name, leaf] of Object.entries(JSON.parse(line)))
    ports[name] = { https: await serveHttps(leaf), http2: await serveGrpc(leaf) };
  console.log(JSON.stringify(ports));
});
lines.once('close', () => process.exit(0));
