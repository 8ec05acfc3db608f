'use strict';
// The bundle that lies beside this file, and what derives from the package's name.

const { X509Certificate } = require('node:crypto');
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { name, version } = require('./package.json');

// A bundler leaves this file out of what it makes, and some leave no __dirname either.
const folder = typeof __dirname === 'string' ? __dirname : '';
const path = join(folder, 'roots.pem');
// A name of its own in node_modules/.bin: a-b-c is what @a/b-c and @a-b/c would both be there without signs.
const command = name.replace('@', '').replace('/', '__');
// No other package's either: each sign has as many underscores as its place in this list says. A shell cannot set
// a variable that starts with a digit.
const disableVariable = `${name
  .replace('@', '')
  .replace(/[^a-z0-9]/g, (sign) => '_'.repeat(1 + '-/._~'.indexOf(sign)))
  .replace(/^(?=\d)/, '_')
  .toUpperCase()}_DISABLE`;

/**
 * Read the bundle's text.
 * @returns {string}
 */
function pem() {
  return readFileSync(path, 'latin1');
}

/**
 * Cut a PEM text into its certificates.
 * @param {string} text
 * @returns {string[]}
 */
function split(text) {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

/**
 * Bring a PEM certificate into one form, to compare.
 * @param {string} block
 * @returns {string}
 */
function canonical(block) {
  return block.replace(/\s/g, '');
}

/**
 * List the PEM certificates that another list lacks.
 * @param {readonly string[]} blocks
 * @param {string[]} certificates
 * @returns {string[]}
 */
function missing(blocks, certificates) {
  const there = new Set(blocks.map(canonical));
  return certificates.filter((block) => !there.has(canonical(block)));
}

/**
 * Tell whether a list of PEM certificates holds all of another, which is not empty.
 * @param {string[]} blocks
 * @param {string[]} certificates
 * @returns {boolean}
 */
function holds(blocks, certificates) {
  return certificates.length > 0 && missing(blocks, certificates).length === 0;
}

/**
 * Say what is wrong with one certificate; an empty text says nothing is.
 * @param {string} block
 * @returns {string}
 */
function complaint(block) {
  try {
    new X509Certificate(block);
    return '';
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
}

/**
 * Read a PEM file without ever throwing: what can be used of it, and what is wrong with the rest.
 * @param {string} file
 * @returns {{ certificates: string[], problems: string[] }}
 */
function inspect(file) {
  let text;
  try {
    text = readFileSync(file, 'latin1');
  } catch (error) {
    return { certificates: [], problems: [/** @type {Error} */ (error).message] };
  }
  const judged = split(text).map((block, index) => ({ block, place: index + 1, wrong: complaint(block) }));
  const problems = judged.flatMap(({ place, wrong }) => (wrong ? [`certificate ${place}: ${wrong}`] : []));
  const begun = text.split('-----BEGIN ').length - 1;
  if (begun === 0) problems.push('there is no certificate in it');
  if (begun > judged.length)
    problems.push(`${begun - judged.length} of ${begun} entries are not whole certificates`);
  return { certificates: judged.flatMap(({ block, wrong }) => (wrong ? [] : [block])), problems };
}

/**
 * Say what to do about a bundle that cannot be read.
 * @returns {string}
 */
function remedy() {
  if (existsSync(join(folder, 'clients.js'))) return `reinstall ${name}`;
  return (
    `a bundler has put the code of ${name} elsewhere, without its certificates: name ${name} as external ` +
    `(esbuild --external:${name}, webpack externals: ['${name}/register'], Next.js serverExternalPackages: ` +
    `['${name}'], Rollup external, Vite ssr.external), or set NODE_EXTRA_CA_CERTS to its roots.pem`
  );
}

/**
 * Read an environment variable; Deno asks for a permission first.
 * @param {string} variable
 * @returns {string | undefined}
 */
function environment(variable) {
  try {
    return process.env[variable];
  } catch {
    return undefined;
  }
}

/**
 * Tell whether the environment switches this package off for the process.
 * @returns {boolean}
 */
function isDisabled() {
  return !['', '0', undefined].includes(environment(disableVariable));
}

module.exports = {
  name,
  command,
  version,
  path,
  disableVariable,
  pem,
  split,
  missing,
  holds,
  inspect,
  remedy,
  folder,
  environment,
  isDisabled,
};
