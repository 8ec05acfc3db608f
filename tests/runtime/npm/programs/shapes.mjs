// usage: shapes.mjs PORT; calls tls.connect in every shape Node takes, with and without a callback, and prints
// {shape: 'ok' or why not}. Its paths lead to the same server.
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';

const port = Number(process.argv[2]);
const host = 'localhost';
const options = { servername: host };
const folder = mkdtempSync(join(tmpdir(), 'shapes-'));
const path = join(folder, 'socket');

const shapes = {
  '(port)': [port],
  "('port')": [`${port}`],
  '(port, undefined)': [port, undefined],
  '(port, null)': [port, null],
  '(port, host)': [port, host],
  '(port, host, undefined)': [port, host, undefined],
  '(port, host, null)': [port, host, null],
  '(port, undefined, undefined)': [port, undefined, undefined],
  '(port, null, null)': [port, null, null],
  '(port, host, undefined, undefined)': [port, host, undefined, undefined],
  '(port, options)': [port, options],
  '(port, options, undefined)': [port, options, undefined],
  '(port, host, options)': [port, host, options],
  '(port, undefined, options)': [port, undefined, options],
  '(port, null, options)': [port, null, options],
  '(port, host, options, undefined)': [port, host, options, undefined],
  '(path)': [path],
  '(path, undefined)': [path, undefined],
  '(path, null)': [path, null],
  '(path, undefined, undefined)': [path, undefined, undefined],
  '(path, options)': [path, options],
  '(path, undefined, options)': [path, undefined, options],
  '(options)': [{ port, host }],
  '(options, undefined)': [{ port, host }, undefined],
  '(options, null)': [{ port, host }, null],
  '(options, undefined, null)': [{ port, host }, undefined, null],
  '(options, options)': [{ port, host }, options],
  '(options with a path)': [{ path }],
};

function outcome(args, called) {
  return new Promise((resolve) => {
    const done = (result) => {
      resolve(result);
      socket.destroy();
    };
    const socket = tls.connect(...args, ...(called ? [() => done('ok')] : []));
    if (!called) socket.once('secureConnect', () => done('ok'));
    socket.once('error', (error) => done(error.code));
  });
}

const relay = net.createServer((near) => {
  const far = net.connect(port, '127.0.0.1');
  near.pipe(far).pipe(near);
  for (const socket of [near, far]) socket.on('error', () => {});
});
await new Promise((resolve) => relay.listen(path, resolve));
const found = {};
for (const [shape, args] of Object.entries(shapes)) {
  found[shape] = await outcome(args, false);
  found[shape.replace(')', ', callback)')] = await outcome(args, true);
}
rmSync(folder, { recursive: true });
console.log(JSON.stringify(found));
process.exit(0);
