'use strict';
// Open each URL with node:https; print whether its certificate was accepted.
const https = require('https');

for (const url of process.argv.slice(2)) {
  https
    .get(url, (answer) => answer.resume().on('end', () => console.log(`${url} accepted`)))
    .on('error', (error) => console.log(`${url} refused ${error.message}`));
}
