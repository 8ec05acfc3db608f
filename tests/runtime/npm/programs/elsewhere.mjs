// The other end of the `worker` and `child` clients: one https request, answered with an error or null.
import { parentPort } from 'node:worker_threads';
import { run } from './clients.mjs';

const port = parentPort ?? process;
port.once('message', async ({ host, ports }) => {
  const { it } = await run(['https'], { it: ports }, host);
  const error = it.https === 'ok' ? null : it.https;
  (port.postMessage ?? port.send).call(port, error);
});
