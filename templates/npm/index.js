'use strict';
// The package's interface; importing it changes nothing, calling register() or importing ./register does.

const { file, path, pem, split } = require('./bundle.js');
const { register } = require('./clients.js');

/**
 * Read the bundle's certificates, each as one PEM text.
 * @returns {string[]}
 */
function certificates() {
  return split(pem());
}

/**
 * Name the environment variables that make a new process trust the bundle; each only adds.
 * @returns {{ NODE_EXTRA_CA_CERTS: string, DENO_CERT: string }}
 */
function env() {
  const roots = file();
  return { NODE_EXTRA_CA_CERTS: roots, DENO_CERT: roots };
}

module.exports = { path, pem, certificates, env, register };
