'use strict';
// Open each URL with node:https; print whether its certificate was accepted, and fail if one was not.
const https = require('https');

for (const url of process.argv.slice(2)) {
  https
    .get(url, (answer) => answer.resume().on('end', () => console.log(`${url} accepted`)))
    .on('error', (error) => {
      process.exitCode = 1;
      console.log(`${url} refused ${error.message}`);
    });
}
