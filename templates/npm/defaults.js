'use strict';
// What `tls` tells and takes as the default roots: with the bundle in the list, which servers are not to get by it.
//
// The entries of the bundle carry a line before the certificate, by which they are known again in whatever list,
// text or bytes a program makes of them.

const tls = require('node:tls');
const bundle = require('./bundle.js');

/** @typedef {(type?: string) => string[]} Get */
/** @typedef {(certs: unknown) => void} Set */
/** @typedef {{ getCACertificates?: Get, setDefaultCACertificates?: Set }} Defaults what Node has since 22.19 */

const mark = `# ${bundle.name}: for clients, by register`;
const ENTRY =
  /(# \S+: for clients, by register)\n-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g;
const api = /** @type {Defaults} */ (/** @type {unknown} */ (tls));

/**
 * Take the entries of the bundle out of one value of a list.
 * @param {unknown} value
 * @returns {unknown[]} what is left of it: one value, or none
 */
function without(value) {
  const bytes = ArrayBuffer.isView(value);
  const text = bytes
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')
    : value;
  if (typeof text !== 'string' || !text.includes(mark)) return [value];
  const rest = text.replace(ENTRY, (entry, whose) => (whose === mark ? '' : entry));
  if (!rest.includes('-----BEGIN ')) return [];
  return [bytes ? Buffer.from(rest, 'latin1') : rest];
}

/**
 * Take the entries of the bundle out of what a program names as its roots. A list of nothing else stays as it is:
 * somebody has picked them.
 * @param {unknown} certificates
 * @returns {unknown} the same value where there is nothing to take
 */
function strip(certificates) {
  const list = Array.isArray(certificates) ? certificates : [certificates];
  const rest = list.flatMap(without);
  const changed = rest.length !== list.length || rest.some((value, index) => value !== list[index]);
  return changed && rest.length > 0 ? rest : certificates;
}

/**
 * Let getCACertificates list the bundle among the default roots of clients, as long as these hold it.
 * @param {() => string[]} roots the bundle's certificates, or none
 */
function list(roots) {
  const getBefore = api.getCACertificates;
  if (!getBefore || 'bun' in process.versions || 'deno' in process.versions) return;
  /** @type {string[] | undefined} */
  let theirs;
  /** @type {string[]} */
  let all;

  api.getCACertificates = function getCACertificates(...args) {
    const found = Reflect.apply(getBefore, this, args);
    // Some releases list nothing where OpenSSL's store is used: then ours alone would be a wrong answer.
    if (!['default', undefined].includes(args[0]) || found.length === 0) return found;
    const ours = roots();
    if (ours.length === 0) return found;
    if (theirs !== found) {
      all = [...found, ...bundle.missing(found, ours).map((block) => `${mark}\n${block}`)];
      Object.freeze(all); // as Node does
      theirs = found;
    }
    return all;
  };
  Object.defineProperty(api.getCACertificates, 'length', { value: getBefore.length });
}

/**
 * Follow setDefaultCACertificates: a list with neither the bundle nor all the roots from before is the program's own
 * choice.
 * @param {boolean} openssl whether the default roots are OpenSSL's store, which Node may not list
 * @param {(whole: boolean) => void} changed
 */
function follow(openssl, changed) {
  const { getCACertificates: get, setDefaultCACertificates: setBefore } = api;
  if (!get || !setBefore) return;
  /** @type {string[] | undefined} */
  let first;

  api.setDefaultCACertificates = function setDefaultCACertificates(certs) {
    first ??= get('default');
    // Servers follow these roots, too: so the bundle stays out of them, and clients get it as before.
    const rest = strip(certs);
    setBefore.call(this, rest);
    // As Node has read them, since it takes other forms too.
    changed(rest !== certs || (!openssl && bundle.holds(get('default'), first)));
  };
}

module.exports = { follow, list, strip };
