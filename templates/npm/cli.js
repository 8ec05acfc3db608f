#!/usr/bin/env node
'use strict';
// The package's command: where the bundle is, how to trust it, and whether that is so here.

const { renameSync, rmSync, writeFileSync } = require('node:fs');
const { resolve } = require('node:path');
const bundle = require('./bundle.js');
const { env } = require('./index.js');

const USAGE = `usage: ${bundle.command} COMMAND [--format text|json]

  env      print the variables that make new processes trust the bundle
             --shell sh|fish|powershell|cmd   in the words of this shell
             --write FILE                     with what NODE_EXTRA_CA_CERTS names now, in a file of your own
  path     print the path of the bundle
  doctor   say what is active here; exit 1 where these roots are not trusted, or something is wrong

  --json is short for --format json`;

// How each shell sets a variable, with its value quoted.
/** @type {Map<string, (name: string, value: string) => string>} */
const SHELLS = new Map([
  ['sh', (name, value) => `export ${name}='${value.replace(/'/g, "'\\''")}'`],
  ['fish', (name, value) => `set -gx ${name} '${value.replace(/[\\']/g, '\\$&')}'`],
  ['powershell', (name, value) => `$env:${name} = '${value.replace(/'/g, "''")}'`],
  ['cmd', (name, value) => `set "${name}=${value}"`],
]);

/** @typedef {{ json: boolean, shell: string, write?: string }} Options */

/** A command line that is wrong. */
class UsageError extends Error {}

/** @param {object} value */
function printJson(value) {
  console.log(JSON.stringify(value, null, 2));
}

/** @param {string} text */
function warn(text) {
  if (text) console.error(`${bundle.command}: ${text}`);
}

/**
 * Write the bundle behind what a variable names already, and return the variables that name that file.
 * @param {string} name a path
 * @returns {Record<string, string>}
 */
function write(name) {
  const file = resolve(name);
  const extra = bundle.environment('NODE_EXTRA_CA_CERTS');
  const before = extra ? bundle.inspect(extra).certificates : [];
  const ours = bundle.split(bundle.pem());
  const temporary = `${file}.${process.pid}`;
  const text = [...before, ...bundle.missing(before, ours), ''].join('\n');
  writeFileSync(temporary, text, { flag: 'wx' }); // never through somebody's link
  try {
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary);
    throw error;
  }
  return { NODE_EXTRA_CA_CERTS: file, DENO_CERT: file };
}

/**
 * Print the variables as a shell sets them; one that names other roots is left alone, on standard error.
 * @param {Options} options
 * @returns {number} the exit status
 */
function printEnv({ json, shell, write: file }) {
  const assign = SHELLS.get(shell);
  if (!assign) throw new UsageError(`unknown shell: ${shell}`);
  const variables = file === undefined ? env() : write(file);
  if (file === undefined) warn(bundle.transience());
  if (json) {
    printJson(variables);
    return 0;
  }
  const ours = bundle.split(bundle.pem());
  for (const [name, value] of Object.entries(variables)) {
    const set = file === undefined ? bundle.environment(name) : undefined;
    if (!set || set === value) console.log(assign(name, value));
    else if (!bundle.holds(bundle.inspect(set).certificates, ours))
      warn(`${name} is already ${set}: \`env --write FILE\` makes a file of both`);
  }
  return 0;
}

/**
 * Print where the bundle is.
 * @param {Options} options
 * @returns {number} the exit status
 */
function printPath({ json }) {
  const path = bundle.file();
  warn(bundle.transience());
  if (json) printJson({ path });
  else console.log(path);
  return 0;
}

/**
 * Print what is active here.
 * @param {Options} options
 * @returns {number} the exit status
 */
function printReport({ json }) {
  const { examine, render } = require('./doctor.js');
  const report = examine();
  if (json) printJson(report);
  else console.log(render(report));
  return report.active && report.problems.length === 0 ? 0 : 1;
}

/** @type {Map<string, (options: Options) => number>} */
const COMMANDS = new Map([
  ['env', printEnv],
  ['path', printPath],
  ['doctor', printReport],
]);

/**
 * Read the command line; Node's own errors are wrong ones, too.
 * @param {string[]} args
 */
function parse(args) {
  const { parseArgs } = require('node:util');
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        format: { type: 'string', default: 'text' },
        help: { type: 'boolean', short: 'h' },
        json: { type: 'boolean', default: false },
        shell: { type: 'string', default: 'sh' },
        version: { type: 'boolean' },
        write: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(/** @type {Error} */ (error).message);
  }
}

/**
 * Run the command.
 * @param {string[]} args
 * @returns {number} the exit status
 */
function main(args) {
  const { values, positionals } = parse(args);
  const { format = 'text', help, json, shell = 'sh', version, write } = values;
  const [command, ...rest] = positionals;
  if (help || version) {
    console.log(help ? USAGE : bundle.version);
    return 0;
  }
  if (rest.length > 0) throw new UsageError(`unknown argument: ${rest[0]}`);
  if (!['text', 'json'].includes(format)) throw new UsageError(`unknown format: ${format}`);
  if (write !== undefined && command !== 'env') throw new UsageError('--write goes with env');
  const run = COMMANDS.get(command ?? '');
  if (!run) throw new UsageError(command ? `unknown command: ${command}` : 'a command is missing');
  return run({ json: json || format === 'json', shell, write });
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  const { message } = /** @type {Error} */ (error);
  const usage = error instanceof UsageError;
  console.error(`${bundle.command}: ${message}${usage ? `\n${USAGE}` : ''}`);
  process.exitCode = usage ? 2 : 1;
}
