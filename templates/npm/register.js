'use strict';
// For `--import`, `--require`, NODE_OPTIONS and a program's first line.

try {
  require('./clients.js').register();
} catch (error) {
  // A bundler may have made something of this code that cannot run; the program shall, without these roots.
  const { name } = require('./package.json');
  const { message } = /** @type {Error} */ (error);
  process.emitWarning(
    `${name}: ${message}: where a bundler has taken this in, name it as external (esbuild --external:${name})`,
    { type: 'TrustWarning', code: name },
  );
}
