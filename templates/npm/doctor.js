'use strict';
// What makes, or keeps, this environment's processes from trusting the bundle.

const { X509Certificate } = require('node:crypto');
const { readdirSync, statSync } = require('node:fs');
const { createRequire } = require('node:module');
const { delimiter, join } = require('node:path');
const tls = require('node:tls');
const bundle = require('./bundle.js');
const { release, organisation } = require('./certificates.json');
const { FILES, judge } = require('./choices.js');
const { chosen, isRegistered, openssl } = require('./clients.js');
const { strip } = require('./defaults.js');

/**
 * @typedef {object} Variable
 * @property {string} name
 * @property {string} value
 * @property {string} clients
 * @property {boolean | null} holds_these_roots
 * @property {string} effect
 */
/** @typedef {{ subject: string, sha256: string, not_after: string, expired: boolean }} Certificate */
/** @typedef {ReturnType<typeof examine>} Report */

// What a variable does: its roots are added, or are its clients' only ones, but where register adds to them (in
// OpenSSL's store, and in gRPC's). The others name no roots, and have a sentence.
const ADDS = 'adds';
const REPLACES = 'replaces';
const OPENSSL = 'openssl';
const GRPC = 'grpc';

// Variables that decide what is trusted here, and who reads them; they win over this package, never the reverse.
/** @type {[name: string, clients: string, does: string][]} */
const VARIABLES = [
  [bundle.disableVariable, bundle.name, '1 switches this package off'],
  ['NODE_EXTRA_CA_CERTS', 'Node.js, Bun, Deno, npm, pnpm, Yarn, Electron, Cypress', ADDS],
  ['NODE_OPTIONS', 'Node.js', 'options of every Node.js process'],
  ['NODE_TLS_REJECT_UNAUTHORIZED', 'Node.js, Bun', '0 accepts every certificate'],
  ['NODE_USE_SYSTEM_CA', 'Node.js', "1 adds the system's roots to Node's own"],
  ['SSL_CERT_FILE', "Node.js with --use-openssl-ca, as Debian's is built", OPENSSL],
  ['SSL_CERT_DIR', "Node.js with --use-openssl-ca, as Debian's is built", OPENSSL],
  ['GRPC_DEFAULT_SSL_ROOTS_FILE_PATH', '@grpc/grpc-js', GRPC],
  ['DENO_CERT', 'Deno', ADDS],
  ['DENO_TLS_CA_STORE', 'Deno', 'the root stores that Deno uses'],
  ['npm_config_ca', 'npm', REPLACES],
  ['npm_config_cafile', 'npm', REPLACES],
  ['npm_config_strict_ssl', 'npm', 'false accepts every certificate'],
  ['YARN_HTTPS_CA_FILE_PATH', 'Yarn 2 and later', REPLACES],
];

// Programs of their own, whose roots are nothing to this process.
const MANAGERS = ['npm', 'Yarn 2 and later'];

// How each package manager runs the package's command.
/** @type {Record<string, string>} */
const RUNNERS = {
  npm: `npx --no ${bundle.name}`,
  yarn: `yarn ${bundle.command}`,
  pnpm: `pnpm exec ${bundle.command}`,
};

const certificates = bundle.inspect(bundle.path);

/**
 * Read the certificates that a variable's value names: a file's, those in folders, or its own.
 * @param {string} value
 * @returns {string[]}
 */
function read(value) {
  if (value.includes('-----BEGIN ')) return bundle.split(value.replace(/\\n/g, '\n'));
  const folders = value
    .split(delimiter)
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory());
  const files = folders.flatMap((path) => readdirSync(path).map((name) => join(path, name)));
  return (folders.length > 0 ? files : [value]).flatMap((path) => bundle.inspect(path).certificates);
}

/**
 * Tell whether a value names all of the bundle.
 * @param {string | undefined} value
 * @returns {boolean}
 */
function holds(value) {
  return value ? bundle.holds(read(value), certificates.certificates) : false;
}

/**
 * Say what a variable that names roots does here.
 * @param {string} does
 * @param {string} value
 * @param {boolean} held
 * @param {boolean} folders
 * @returns {string}
 */
function effect(does, value, held, folders) {
  const these = held ? 'with these among them' : 'without these';
  if (does === ADDS) return `names roots to add, ${these}`;
  if (does === OPENSSL && !openssl) return 'is not read here for the default roots';
  const kind = judge(value, folders);
  const which = { system: "the system's roots", public: 'the public roots', own: 'other roots' }[kind];
  if (does !== REPLACES && kind !== 'own')
    return `names ${which}, which is no choice of others: register adds to them`;
  return `names ${which}, which count alone, ${these}`;
}

/**
 * Describe a variable that is set.
 * @param {[name: string, clients: string, does: string]} row
 * @returns {Variable[]} none if it is not
 */
function describeVariable([name, clients, does]) {
  const set = [name, name.startsWith('npm_') ? name.toUpperCase() : name].find(
    (one) => bundle.environment(one) !== undefined,
  );
  if (!set) return [];
  const value = bundle.environment(set) ?? '';
  const roots = [ADDS, REPLACES, OPENSSL, GRPC].includes(does);
  const held = roots ? holds(value) : null;
  const said = held === null ? does : effect(does, value, held, name === 'SSL_CERT_DIR');
  return [{ name: set, value, clients, holds_these_roots: held, effect: said }];
}

/**
 * List the roots of a client that chooses none, but for register's; Node before 22.15 cannot tell.
 * @returns {string[]}
 */
function defaults() {
  const { getCACertificates } = /** @type {{ getCACertificates?: (type: string) => string[] }} */ (tls);
  const listed = getCACertificates?.('default') ?? [];
  return /** @type {string[]} */ (strip(listed, () => certificates.certificates));
}

/**
 * Tell whether this runtime lets register add roots to a client; Bun before 1.4 does not.
 * @returns {boolean}
 */
function canAdd() {
  return typeof tls.createSecureContext().context?.addCACert === 'function';
}

/**
 * Say by which ways a default client of this process trusts the bundle.
 * @returns {string[]}
 */
function ways() {
  const through = chosen.filter((name) => holds(bundle.environment(name)));
  if (isRegistered() && canAdd() && certificates.certificates.length > 0) through.push('register');
  if (holds(bundle.environment('NODE_EXTRA_CA_CERTS'))) through.push('NODE_EXTRA_CA_CERTS');
  else if (bundle.holds(defaults(), certificates.certificates)) through.push("the system's roots");
  else if (openssl && chosen.length === 0 && FILES.some(holds)) through.push("the system's roots");
  return through;
}

/**
 * Tell whether a variable keeps these roots from its clients.
 * @param {string} effect
 * @returns {boolean}
 */
function loses(effect) {
  return effect.endsWith('count alone, without these');
}

/**
 * Say what keeps a client from trusting, or does harm.
 * @param {Variable[]} variables
 * @returns {string[]}
 */
function findProblems(variables) {
  const problems = certificates.problems.map((problem) => bundle.complain([problem]));
  for (const { name, value, holds_these_roots: held, effect } of variables) {
    if (chosen.includes(name) && !held)
      problems.push(`${name} ${effect}: register adds nothing to the roots you chose; append these to them`);
    else if (name === 'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH' && loses(effect))
      problems.push(`${name} ${effect}: append these to a copy of that file, or unset it`);
    else if (name === 'NODE_EXTRA_CA_CERTS' && bundle.inspect(value).problems.length > 0)
      problems.push(`${name}: ${bundle.inspect(value).problems.join('; ')}`);
    else if (effect.endsWith('accepts every certificate') && effect.startsWith(value))
      problems.push(`${name}=${value}: certificates are not verified at all; unset it`);
  }
  for (const { subject, expired } of certificates.certificates.map(describe))
    if (expired) problems.push(`expired: ${subject}`);
  if (bundle.isDisabled()) problems.push(`${bundle.disableVariable} switches register off: unset it`);
  return problems;
}

/**
 * Return the option that loads register where this process was started.
 * @returns {string}
 */
function option() {
  const file = join(bundle.folder, 'register.js');
  try {
    const found = createRequire(join(process.cwd(), 'program')).resolve(`${bundle.name}/register`);
    if (found === file) return `--require ${bundle.name}/register`;
  } catch {
    // It is installed elsewhere: globally, or in another project.
  }
  return `--require ${/\s/.test(file) ? `"${file}"` : file}`;
}

/**
 * Say how the package's command is run here.
 * @returns {string}
 */
function command() {
  const manager = (bundle.environment('npm_config_user_agent') ?? '').split('/')[0] ?? '';
  return RUNNERS[manager] ?? bundle.command;
}

/**
 * Say how to activate the package here.
 * @returns {string}
 */
function advice() {
  const program = 'pnp' in process.versions ? 'yarn node' : 'node';
  return `set what \`${command()} env\` prints, or start programs so: ${program} ${option()} app.js`;
}

/**
 * Say what else is worth knowing here.
 * @param {string[]} through
 * @param {Variable[]} variables
 * @returns {string[]}
 */
function findNotes(through, variables) {
  const notes = bundle.transience() ? [bundle.transience()] : [];
  const other = ['bun', 'deno'].find((name) => name in process.versions);
  const extra = variables.find(({ name }) => name === 'NODE_EXTRA_CA_CERTS');
  if (!bundle.isOnDisk() && certificates.certificates.length > 0)
    notes.push(
      `the bundle lies in an archive, which other programs cannot read: \`${command()} env --write FILE\` takes it out`,
    );
  if (other && !extra?.holds_these_roots)
    notes.push(`fetch and WebSocket of ${other} cannot be reached by register: set NODE_EXTRA_CA_CERTS`);
  if (extra && !extra.holds_these_roots)
    notes.push(
      `NODE_EXTRA_CA_CERTS names a file without these roots: \`${command()} env --write FILE\` makes one of both`,
    );
  for (const { name, clients, effect } of variables)
    if (MANAGERS.includes(clients) && loses(effect))
      notes.push(`${name} ${effect}: for ${clients}, append these to a copy of that file, or unset it`);
  if (through.length === 0) notes.push(advice());
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
  const end = new Date(validTo);
  return {
    subject: subject.replace(/\n/g, ', '),
    sha256: fingerprint256.replace(/:/g, '').toLowerCase(),
    not_after: end.toISOString().replace('.000', ''),
    expired: end.getTime() < Date.now(),
  };
}

/**
 * Name the runtime, its release and its program.
 * @returns {{ name: string, version: string, path: string | null }}
 */
function runtime() {
  const name = ['bun', 'deno'].find((name) => name in process.versions) ?? 'node';
  return { name, version: process.versions[name] ?? '', path: process.execPath || null };
}

/** Examine this process and its environment. */
function examine() {
  const through = ways();
  const variables = VARIABLES.flatMap(describeVariable);
  return {
    schema: 1,
    package: bundle.name,
    version: bundle.version,
    release,
    organisation,
    runtime: runtime(),
    bundle: bundle.isOnDisk() ? bundle.path : null,
    certificates: certificates.certificates.map(describe),
    active: through.length > 0,
    through,
    variables,
    problems: findProblems(variables),
    notes: findNotes(through, variables),
  };
}

/**
 * Write a report for people.
 * @param {Report} report
 * @returns {string}
 */
function render(report) {
  const { name, version, path } = report.runtime;
  const which = `${report.package} ${report.version} (release ${report.release} of ${report.organisation})`;
  return [
    `${which}, ${name} ${version} (${path ?? 'no executable'})`,
    `bundle: ${report.bundle ?? 'no file on disk'}`,
    ...report.certificates.map(
      ({ subject, sha256, not_after: end, expired }) =>
        `  ${subject}, ${expired ? 'expired on' : 'valid until'} ${end.slice(0, 10)}, SHA-256 ${sha256}`,
    ),
    `active: ${report.active ? `yes, through ${report.through.join(', ')}` : 'no'}`,
    ...report.variables.map(({ name, value, effect }) => `${name}=${JSON.stringify(value)}: ${effect}`),
    ...report.problems.map((problem) => `problem: ${problem}`),
    ...report.notes.map((note) => `note: ${note}`),
  ].join('\n');
}

module.exports = { examine, render };
