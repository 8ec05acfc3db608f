'use strict';
// Whether the default roots of this process are OpenSSL's store, and whether somebody chose others by its variables.

const { createHash } = require('node:crypto');
const { readFileSync, statSync } = require('node:fs');
const { delimiter, join } = require('node:path');
const bundle = require('./bundle.js');

/** @typedef {'system' | 'public' | 'own'} Kind what a variable names */

// The system's roots, by all names that they have on Linux, the BSDs and macOS, and in Homebrew.
const BREWS = ['/usr/local', '/opt/homebrew', join('/home', 'linuxbrew', '.linuxbrew')];
const FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/ssl/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/pki/tls/cert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ca-certificates/extracted/tls-ca-bundle.pem',
  '/var/lib/ca-certificates/ca-bundle.pem',
  '/usr/lib/ssl/cert.pem',
  '/usr/local/ssl/cert.pem',
  '/usr/local/etc/ssl/cert.pem',
  '/usr/local/share/certs/ca-root-nss.crt',
  ...BREWS.flatMap((brew) => [`${brew}/etc/openssl@3/cert.pem`, `${brew}/etc/ca-certificates/cert.pem`]),
];
const FOLDERS = [
  '/etc/ssl/certs',
  '/etc/pki/tls/certs',
  '/etc/pki/ca-trust/extracted/pem/directory-hash',
  '/var/lib/ca-certificates/openssl',
  '/usr/lib/ssl/certs',
  '/usr/local/ssl/certs',
  ...BREWS.map((brew) => `${brew}/etc/openssl@3/certs`),
];
// Fewer are a selection, which somebody made.
const LEAST = 50;
// All the public roots are far smaller.
const MOST_BYTES = 4_000_000;

/**
 * Tell whether two paths lead to one file or folder, by whatever links.
 * @param {string} one
 * @param {string} other
 * @returns {boolean}
 */
function isSame(one, other) {
  const [here, there] = [one, other].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  return here !== undefined && here.ino === there?.ino && here.dev === there.dev;
}

/**
 * Tell whether a file holds the public roots, whole and nothing else: as certifi's, conda's and curl's do. A pipe is
 * left for whom it is meant, since it can be read once.
 *
 * One that lacks a root, but has a younger one, is a selection, too.
 * @param {string} file
 * @returns {boolean}
 */
function isPublic(file) {
  const stat = statSync(file);
  if (!stat.isFile() || stat.size > MOST_BYTES) return false;
  const text = readFileSync(file, 'latin1');
  const certificates = bundle.split(text);
  // OpenSSL reads what stands under other names, too: TRUSTED CERTIFICATE, X509 CERTIFICATE, X509 CRL.
  if (text.split('-----BEGIN ').length - 1 > certificates.length) return false;
  /** @type {Record<string, string>} since when Mozilla trusts each; empty where it no longer does */
  const days = require('./public_roots.json');
  const own = new Set(require('node:tls').rootCertificates.map(digest));
  const found = new Set(certificates.map(digest));
  const newest =
    [...found]
      .map((one) => days[one] ?? '')
      .sort()
      .at(-1) ?? '';
  return (
    found.size >= LEAST &&
    [...found].every((one) => one in days || own.has(one)) &&
    Object.entries(days).every(([one, day]) => day === '' || day >= newest || found.has(one))
  );
}

/**
 * Return the first half of a certificate's SHA-256, as public_roots.json has it.
 * @param {string} block
 * @returns {string}
 */
function digest(block) {
  const der = Buffer.from(block.replace(/-----[^-]+-----/g, ''), 'base64');
  return createHash('sha256').update(der).digest('hex').slice(0, 32);
}

/**
 * Say what a variable names that names roots: the system's, a library's public ones, or others.
 * @param {string} value a file, or where it is of folders, some of these
 * @param {boolean} folders
 * @returns {Kind}
 */
function judge(value, folders = false) {
  try {
    const named = folders ? value.split(delimiter) : [value];
    const systems = folders ? FOLDERS : FILES;
    if (named.every((path) => systems.some((one) => isSame(path, one)))) return 'system';
    return !folders && isPublic(value) ? 'public' : 'own';
  } catch {
    return 'own';
  }
}

/**
 * List the options about OpenSSL's store in Node's configuration file, where it is started with one.
 * @param {string[]} words the command line's
 * @returns {string[]}
 */
function configured(words) {
  const at = words.findIndex((word) => /^--experimental-(default-)?config-file(=|$)/.test(word));
  const [option = '', path] = words[at]?.split(/=(.*)/s) ?? [];
  if (at < 0) return [];
  try {
    const file = option.includes('default') ? 'node.config.json' : (path ?? words[at + 1] ?? '');
    const { nodeOptions = {} } = JSON.parse(readFileSync(file, 'utf8'));
    return Object.keys(nodeOptions).flatMap((name) => (nodeOptions[name] === true ? [`--${name}`] : []));
  } catch {
    return []; // Node would not have started
  }
}

/**
 * Tell whether Node takes its default roots from OpenSSL's store: as it was built (Debian's) or started.
 * @returns {boolean}
 */
function usesOpenssl() {
  const options = (bundle.environment('NODE_OPTIONS') ?? '').split(/[\s"]+/);
  const words = [...configured(process.execArgv), ...options, ...process.execArgv];
  const asked = words.map((word) => /^--(no-)?use-(openssl|bundled)-ca$/.exec(word.replace(/_/g, '-')));
  const last = asked.filter(Boolean).at(-1);
  if (last) return (last[2] === 'openssl') !== Boolean(last[1]);
  /** @type {{ target_defaults?: { defines?: string[] } }} */
  const built = process.config ?? {};
  return built.target_defaults?.defines?.includes('NODE_OPENSSL_CERT_STORE') ?? false;
}

/**
 * Tell whether the default roots are OpenSSL's store, and by which variables the user has chosen others for it. One
 * that names the system's roots, or the public ones, names what the store would hold anyway.
 * @returns {{ openssl: boolean, chosen: string[] }}
 */
function look() {
  const openssl = usesOpenssl();
  const chosen = ['SSL_CERT_FILE', 'SSL_CERT_DIR'].filter((name) => {
    const value = openssl ? bundle.environment(name) : undefined;
    return value !== undefined && judge(value, name === 'SSL_CERT_DIR') === 'own';
  });
  return { openssl, chosen };
}

/** @type {Buffer | null | undefined} */
let named;

/**
 * Tell whether what a client has for its `ca` is what gRPC's variable names, and that no choice of other roots.
 * @param {unknown} ca
 * @returns {boolean}
 */
function isNamed(ca) {
  const file = bundle.environment('GRPC_DEFAULT_SSL_ROOTS_FILE_PATH');
  if (!file || !Buffer.isBuffer(ca)) return false;
  if (named === undefined) named = judge(file) === 'own' ? null : readFileSync(file);
  return named?.equals(ca) ?? false;
}

module.exports = { FILES, isNamed, judge, look };
