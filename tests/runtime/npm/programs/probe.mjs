// usage: probe.mjs CLIENT,… '{"server": {"https": PORT, "http2": PORT}}'; prints what run() returns.
import { run } from './clients.mjs';

const [names, servers] = process.argv.slice(2);
console.log(JSON.stringify(await run(names.split(','), JSON.parse(servers))));
process.exit(0);
