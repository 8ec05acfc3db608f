'use strict';
// The bundle that lies beside this file, and what derives from the package's name.

const { X509Certificate } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { name, version } = require('./package.json');

const path = join(__dirname, 'roots.pem');
const flat = name.replace('@', '').replace('/', '-');
const disableVariable = `${flat.replace(/[^A-Za-z0-9]/g, '_').toUpperCase()}_DISABLE`
  .replace(/^(?=\d)/, '_'); // a shell cannot set a variable that starts with a digit

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
 * Say what is wrong with one certificate, or nothing.
 * @param {string} block
 * @param {number} index
 * @returns {string[]}
 */
function complain(block, index) {
  try {
    new X509Certificate(block);
    return [];
  } catch (error) {
    return [`certificate ${index + 1} cannot be read: ${/** @type {Error} */ (error).message}`];
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
  const blocks = split(text);
  const complaints = blocks.map(complain);
  const problems = complaints.flat();
  const begun = text.split('-----BEGIN ').length - 1;
  if (begun === 0) problems.push('it holds no certificate');
  else if (begun > blocks.length) problems.push(`only ${blocks.length} of its ${begun} entries are whole certificates`);
  return { certificates: blocks.filter((_, index) => complaints[index].length === 0), problems };
}

/**
 * Tell whether the environment switches this package off for the process.
 * @returns {boolean}
 */
function isDisabled() {
  return !['', '0', undefined].includes(process.env[disableVariable]);
}

module.exports = { name, flat, version, path, disableVariable, pem, split, inspect, isDisabled };
