'use strict';
// The bundle that lies beside this file, and what derives from the package's name.

const { X509Certificate } = require('node:crypto');
const { existsSync, readFileSync, statSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { name, version } = require('./package.json');

// Bundlers leave the roots out of what they make, and some leave no __dirname either: then there is no path, since a
// file of that name in the current folder may be anybody's.
const folder = typeof __dirname === 'string' ? __dirname : '';
const path = folder && join(folder, 'roots.pem');
// A name of its own in node_modules/.bin: a-b-c is what @a/b-c and @a-b/c would both be there without signs.
const command = name.replace('@', '').replace('/', '__');
// No other package's either: each sign has as many underscores as its place in this list says. A shell cannot set
// a variable that starts with a digit.
const disableVariable = `${name
  .replace('@', '')
  .replace(/[^a-z0-9]/g, (sign) => '_'.repeat(1 + '-/._~'.indexOf(sign)))
  .replace(/^(?=\d)/, '_')
  .toUpperCase()}_DISABLE`;

// Where package managers put what they fetch to run it once.
const TEMPORARY = /[\\/](_npx|dlx|dlx-\w+|bunx-[^\\/]+)[\\/]/;

/**
 * Tell whether the bundle's path is good for other programs. Inside an archive (Yarn's .zip, Electron's .asar, pkg's
 * executable) only the runtime finds it that was made to look there.
 * @returns {boolean}
 */
function isOnDisk() {
  if ('pkg' in process || ('electron' in process.versions && /\.asar[\\/]/.test(path))) return false;
  for (let above = folder; above !== dirname(above); above = dirname(above))
    if (statSync(above, { throwIfNoEntry: false })?.isFile()) return false;
  return existsSync(path);
}

/**
 * Say that a copy of the package is not to stay; an empty text says it is.
 * @returns {string}
 */
function transience() {
  return TEMPORARY.test(path)
    ? `this copy of ${name} was fetched to run once: install it to use its path`
    : '';
}

/**
 * Return the bundle's path for other programs, or say where there is none.
 * @returns {string}
 */
function file() {
  if (isOnDisk()) return path;
  if (!existsSync(path)) throw new Error(`the bundle is missing: reinstall ${name}`);
  throw new Error(
    `the bundle lies in an archive, which other programs cannot read: take ${name} out (yarn unplug ${name}; ` +
      `asarUnpack in Electron), or use ${command} env --write FILE`,
  );
}

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
 * Read a PEM file without ever throwing, or waiting: what can be used of it, and what is wrong with the rest.
 * @param {string} file
 * @returns {{ certificates: string[], problems: string[] }}
 */
function inspect(file) {
  let text;
  try {
    const stat = statSync(file);
    if (stat.isFIFO()) throw new Error('it is a pipe, which can be read once');
    text = stat.isCharacterDevice() ? '' : readFileSync(file, 'latin1'); // some have no end
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
 * Say what is wrong with a bundle that cannot be read, and what to do about it.
 * @param {string[]} problems
 * @returns {string}
 */
function complain(problems) {
  if (folder && existsSync(join(folder, 'clients.js')))
    return `${path}: ${problems.join('; ')}; reinstall ${name}`;
  return (
    `a bundler has taken in the code of ${name} without its certificates: name it as external ` +
    `(esbuild --external:${name}; webpack externals: {'${name}/register': 'commonjs ${name}/register'}; Next.js ` +
    `serverExternalPackages: ['${name}']; Rollup external: ['${name}/register']; Vite ssr.external: ['${name}']; ` +
    `bun build --external '${name}/*'), or set NODE_EXTRA_CA_CERTS to its roots.pem`
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
  isOnDisk,
  transience,
  file,
  disableVariable,
  pem,
  split,
  canonical,
  missing,
  holds,
  inspect,
  complain,
  folder,
  environment,
  isDisabled,
};
