#!/usr/bin/env node
'use strict';
// The package's command: where the bundle is, how to trust it, and whether that is so here.

const bundle = require('./bundle.js');
const { env } = require('./index.js');

const USAGE = `usage: ${bundle.command} COMMAND

  env [--shell sh|fish|powershell|cmd] [--json]   print the variables that make new processes trust the bundle
  path                                            print the path of the bundle
  doctor [--json]                                 say what is active here; exit 1 where nothing is
`;

// How each shell sets a variable, with its value quoted.
/** @type {Map<string, (name: string, value: string) => string>} */
const SHELLS = new Map([
  ['sh', (name, value) => `export ${name}='${value.replace(/'/g, "'\\''")}'`],
  ['fish', (name, value) => `set -gx ${name} '${value.replace(/[\\']/g, '\\$&')}'`],
  ['powershell', (name, value) => `$env:${name} = '${value.replace(/'/g, "''")}'`],
  ['cmd', (name, value) => `set "${name}=${value}"`],
]);

/**
 * @param {string} text
 * @returns {number} the exit status
 */
function print(text) {
  console.log(text);
  return 0;
}

/**
 * Print the variables as a shell sets them; one that is set to something else is left alone, on standard error.
 * @param {string} shell
 * @returns {number} the exit status
 */
function printEnv(shell) {
  const assign = SHELLS.get(shell);
  if (!assign) throw new Error(`unknown shell: ${shell}`);
  for (const [name, value] of Object.entries(env())) {
    const set = process.env[name];
    if (set && set !== value)
      console.error(`${name} is already ${set}: append ${value} to a copy of that file`);
    else console.log(assign(name, value));
  }
  return 0;
}

/**
 * Print what is active here.
 * @param {boolean} json
 * @returns {number} the exit status
 */
function printReport(json) {
  const { examine, write } = require('./doctor.js');
  const report = examine();
  console.log(json ? JSON.stringify(report, null, 2) : write(report));
  return report.active && report.problems.length === 0 ? 0 : 1;
}

/**
 * Run the command.
 * @param {string[]} args
 * @returns {number} the exit status
 */
function main(args) {
  const { parseArgs } = require('node:util');
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      json: { type: 'boolean', default: false },
      shell: { type: 'string', default: 'sh' },
      version: { type: 'boolean' },
    },
  });
  const { help, json = false, shell = 'sh', version } = values;
  const [command, ...rest] = positionals;
  if (help) return print(USAGE.trimEnd());
  if (version) return print(bundle.version);
  if (rest.length > 0) throw new Error(`unknown argument: ${rest[0]}`);
  if (command === 'env') return json ? print(JSON.stringify(env(), null, 2)) : printEnv(shell);
  if (command === 'path') return print(bundle.path);
  if (command === 'doctor') return printReport(json);
  throw new Error(command ? `unknown command: ${command}` : 'a command is missing');
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  console.error(`${bundle.command}: ${/** @type {Error} */ (error).message}\n${USAGE}`);
  process.exitCode = 2;
}
