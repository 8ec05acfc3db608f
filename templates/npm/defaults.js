'use strict';
// What `tls` tells and takes as the default roots: with the bundle in the list, which servers are not to get by it.
//
// The bundle's entries have lines of an odd length. So they are the same certificates to whoever reads them, and are
// known again in whatever list, text or bytes a program makes of them.

const tls = require('node:tls');
const bundle = require('./bundle.js');

/** @typedef {(type?: string) => string[]} Get */
/** @typedef {(certs: unknown) => void} Put */
/** @typedef {{ getCACertificates?: Get, setDefaultCACertificates?: Put }} Defaults what Node has since 22.19 */

// Other programs write 64 or 76 characters into a line.
const LINES = /.{1,52}/g;
const ENTRY =
  /-----BEGIN CERTIFICATE-----(\r?\n\S{52})+(\r?\n\S{1,51})?\r?\n-----END CERTIFICATE-----(\r?\n)?/g;
const api = /** @type {Defaults} */ (/** @type {unknown} */ (tls));

/**
 * Write a certificate as an entry of the bundle's.
 * @param {string} block
 * @returns {string}
 */
function mark(block) {
  const base64 = block.replace(/-----[^-]+-----|\s/g, '').match(LINES) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...base64, '-----END CERTIFICATE-----'].join('\n');
}

/**
 * Return the text of what holds certificates: a text, or its bytes.
 * @param {unknown} value
 * @returns {string | undefined}
 */
function read(value) {
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
  return typeof value === 'string' ? value : undefined;
}

/**
 * Take the entries of the bundle out of one value of a list.
 * @param {unknown} value
 * @param {(entry: string) => boolean} isOurs
 * @returns {unknown[]} what is left of it: one value, or none
 */
function without(value, isOurs) {
  const text = read(value);
  if (text === undefined) return [value];
  const rest = text.replace(ENTRY, (entry) => (isOurs(entry) ? '' : entry));
  if (rest === text) return [value];
  if (!rest.includes('-----BEGIN ')) return [];
  return [ArrayBuffer.isView(value) ? Buffer.from(rest, 'latin1') : rest];
}

/**
 * Take the entries of the bundle out of what a program names as its roots. A list of nothing else stays as it is:
 * somebody has picked them.
 * @param {unknown} certificates
 * @param {() => string[]} roots the bundle's certificates
 * @returns {unknown} the same value where there is nothing to take
 */
function strip(certificates, roots) {
  /** @type {Set<string> | undefined} */
  let ours;
  const isOurs = (/** @type {string} */ entry) => {
    ours ??= new Set(roots().map(bundle.canonical));
    return ours.has(bundle.canonical(entry));
  };
  const list = Array.isArray(certificates) ? certificates : [certificates];
  const rest = list.flatMap((value) => without(value, isOurs));
  const changed = rest.length !== list.length || rest.some((value, index) => value !== list[index]);
  return changed && rest.length > 0 ? rest : certificates;
}

/**
 * Tell which roots of the bundle a list has.
 * @param {unknown[]} list
 * @param {string[]} roots the bundle's certificates
 * @returns {string[] | undefined} undefined where it has all
 */
function kept(list, roots) {
  const struck = bundle.missing(
    list.flatMap((value) => bundle.split(read(value) ?? '')),
    roots,
  );
  return struck.length > 0 ? roots.filter((root) => !struck.includes(root)) : undefined;
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
      all = [...found, ...bundle.missing(found, ours).map(mark)];
      Object.freeze(all); // as Node does
      theirs = found;
    }
    return all;
  };
  Object.defineProperty(api.getCACertificates, 'length', { value: getBefore.length });
}

/**
 * Follow setDefaultCACertificates: a list with neither the bundle nor all the roots from before is the program's own
 * choice, and one with some of the bundle is so for the others.
 * @param {boolean} openssl whether the default roots are OpenSSL's store, which Node may not list
 * @param {() => string[]} roots the bundle's certificates
 * @param {(left: string[] | undefined, before: string[]) => void} changed told which of the bundle
 * count now (undefined: all), and what the default roots were, if they can be listed
 */
function follow(openssl, roots, changed) {
  const { getCACertificates: get, setDefaultCACertificates: setBefore } = api;
  if (!get || !setBefore) return;
  /** @type {string[] | undefined} */
  let first;

  api.setDefaultCACertificates = function setDefaultCACertificates(certs) {
    const before = openssl && !first ? [] : api.getCACertificates?.('default');
    first ??= get('default');
    // Servers follow these roots, too: so the bundle stays out of them, and clients get it as before.
    const rest = Array.isArray(certs) ? strip(certs, roots) : certs; // Node refuses what is no list
    setBefore.call(this, rest);
    // As Node has read them, since it takes other forms too.
    const longer = !openssl && bundle.holds(get('default'), first);
    const left = longer ? undefined : [];
    changed(rest === certs ? left : kept(/** @type {unknown[]} */ (certs), roots()), before ?? []);
  };
}

module.exports = { follow, list, strip };
