// TLS servers for the clients under test. Reads {name: {cert, key}} from standard input, prints
// {name: {https, http2}} (ports; the second speaks gRPC too), and serves until standard input closes.
import https from 'node:https';
import { createInterface } from 'node:readline';
import grpc from '@grpc/grpc-js';
import { WebSocketServer } from 'ws';

function serveHttps({ cert, key }) {
  const server = https.createServer({ cert, key }, (_request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end('{}\n');
  });
  new WebSocketServer({ server }).on('connection', (socket) => socket.send('hello'));
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
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
  return new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port))),
  );
}

const lines = createInterface({ input: process.stdin });
lines.once('line', async (line) => {
  const ports = {};
  for (const [name, leaf] of Object.entries(JSON.parse(line)))
    ports[name] = { https: await serveHttps(leaf), http2: await serveGrpc(leaf) };
  console.log(JSON.stringify(ports));
});
lines.once('close', () => process.exit(0));
