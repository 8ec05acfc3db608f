'use strict';
// For `--import`, `--require`, NODE_OPTIONS and a program's first line.

require('./clients.js').register();
