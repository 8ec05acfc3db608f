'use strict';
// What makes, or keeps, this environment's processes from trusting the bundle.

const { X509Certificate } = require('node:crypto');
const tls = require('node:tls');
const bundle = require('./bundle.js');
const { chosen, isRegistered } = require('./clients.js');

/** @typedef {{ name: string, value: string, effect: string }} Variable */
/** @typedef {{ subject: string, sha256: string, notAfter: string }} Certificate */
/**
 * @typedef {object} Report
 * @property {string} package
 * @property {string} version
 * @property {string} runtime
 * @property {string} bundle
 * @property {Certificate[]} certificates
 * @property {string[]} problems
 * @property {boolean} active
 * @property {string[]} through
 * @property {Variable[]} variables
 * @property {string[]} notes
 */

const SWITCH = bundle.disableVariable;

// Variables that decide what is trusted here, and what each means; they win over this package, never the reverse.
/** @type {[name: string, effect: string][]} */
const VARIABLES = [
  [SWITCH, 'switches this package off, unless it is empty or 0'],
  ['NODE_EXTRA_CA_CERTS', 'adds the certificates of this file to the default roots of clients and servers'],
  ['NODE_OPTIONS', 'options of every Node process'],
  ['NODE_TLS_REJECT_UNAUTHORIZED', '0 accepts every certificate: unset it'],
  ['NODE_USE_SYSTEM_CA', "1 adds the system's roots to Node's own"],
  ['SSL_CERT_FILE', "the system's roots with --use-system-ca; with --use-openssl-ca the only roots"],
  ['SSL_CERT_DIR', "the system's roots with --use-system-ca; with --use-openssl-ca the only roots"],
  ['GRPC_DEFAULT_SSL_ROOTS_FILE_PATH', 'gRPC clients trust the certificates of this file only'],
  ['DENO_CERT', 'adds the certificates of this file to the roots of Deno'],
  ['DENO_TLS_CA_STORE', 'the root stores that Deno uses'],
  ['npm_config_ca', 'npm trusts these certificates only'],
  ['npm_config_cafile', 'npm trusts the certificates of this file only'],
];

/**
 * List the roots of a client that chooses none; Node before 22.15 cannot tell.
 * @returns {string[]}
 */
function defaults() {
  const { getCACertificates } = /** @type {{ getCACertificates?: (type: string) => string[] }} */ (tls);
  return getCACertificates?.('default') ?? [];
}

/**
 * Tell whether this runtime lets register add roots to a client; Bun before 1.4 does not.
 * @returns {boolean}
 */
function canAdd() {
  return typeof tls.createSecureContext().context?.addCACert === 'function';
}

/**
 * Tell whether the file that a variable names holds the whole bundle.
 * @param {string} variable
 * @param {string[]} certificates the bundle's
 * @returns {boolean}
 */
function holdsAt(variable, certificates) {
  const file = bundle.environment(variable);
  return file ? bundle.holds(bundle.inspect(file).certificates, certificates) : false;
}

/**
 * Say by which ways this process trusts the bundle.
 * @param {string[]} certificates the bundle's
 * @returns {string[]}
 */
function ways(certificates) {
  const through = chosen.filter((name) => holdsAt(name, certificates));
  if (isRegistered() && canAdd()) through.push('register');
  if (holdsAt('NODE_EXTRA_CA_CERTS', certificates)) through.push('NODE_EXTRA_CA_CERTS');
  else if (bundle.holds(defaults(), certificates)) through.push('the default roots');
  return through;
}

/**
 * Say what this runtime does not allow, and what the variables hide.
 * @param {string[]} through
 * @returns {string[]}
 */
function notes(through) {
  const notes = [];
  const other = ['bun', 'deno'].find((name) => name in process.versions);
  if (other && !through.includes('NODE_EXTRA_CA_CERTS'))
    notes.push(`fetch and WebSocket of ${other} cannot be reached by register: set NODE_EXTRA_CA_CERTS`);
  if (bundle.environment('NODE_EXTRA_CA_CERTS') && !through.includes('NODE_EXTRA_CA_CERTS'))
    notes.push('NODE_EXTRA_CA_CERTS names a file without this bundle');
  if (bundle.isDisabled()) notes.push(`${SWITCH} switches register off`);
  if (bundle.environment('NODE_TLS_REJECT_UNAUTHORIZED') === '0')
    notes.push('NODE_TLS_REJECT_UNAUTHORIZED=0: certificates are not verified at all');
  if (chosen.length > 0)
    notes.push(`${chosen.join(' and ')} with --use-openssl-ca: register adds nothing to the roots you chose`);
  else if (through.length === 0)
    notes.push(
      `set what \`${bundle.command} env\` prints, or start node with --import ${bundle.name}/register`,
    );
  notes.push('a program that imports register itself is not seen from here');
  return notes;
}

/**
 * Describe one certificate.
 * @param {string} block
 * @returns {Certificate}
 */
function describe(block) {
  const { subject, fingerprint256, validTo } = new X509Certificate(block);
  return {
    subject: subject.replace(/\n/g, ', '),
    sha256: fingerprint256.replace(/:/g, '').toLowerCase(),
    notAfter: new Date(validTo).toISOString().replace('.000', ''),
  };
}

/**
 * Name the runtime and its release.
 * @returns {string}
 */
function runtime() {
  const name = ['bun', 'deno'].find((name) => name in process.versions) ?? 'node';
  return `${name} ${process.versions[name]}`;
}

/**
 * Examine this process and its environment.
 * @returns {Report}
 */
function examine() {
  const { certificates, problems } = bundle.inspect(bundle.path);
  const through = ways(certificates);
  return {
    package: bundle.name,
    version: bundle.version,
    runtime: runtime(),
    bundle: bundle.path,
    certificates: certificates.map(describe),
    problems,
    active: through.length > 0,
    through,
    variables: VARIABLES.flatMap(([name, effect]) => {
      const value = bundle.environment(name);
      return value === undefined ? [] : [{ name, value, effect }];
    }),
    notes: notes(through),
  };
}

/**
 * Write a report for people.
 * @param {Report} report
 * @returns {string}
 */
function write(report) {
  return [
    `${report.package} ${report.version}, ${report.runtime}`,
    `bundle: ${report.bundle}`,
    ...report.certificates.map(
      ({ subject, sha256, notAfter }) => `  ${subject}, until ${notAfter}, SHA-256 ${sha256}`,
    ),
    ...report.problems.map((problem) => `  problem: ${problem}`),
    `active here: ${report.active ? `yes, through ${report.through.join(' and ')}` : 'no'}`,
    ...report.variables.map(({ name, value, effect }) => `  ${name}=${value}: ${effect}`),
    ...report.notes.map((note) => `note: ${note}`),
  ].join('\n');
}

module.exports = { examine, write };
