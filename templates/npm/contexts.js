'use strict';
// Contexts that connections with the same options share: the bundle is then parsed once for all of them.

const { createHash, getFips } = require('node:crypto');
const tls = require('node:tls');

/** @typedef {import('node:tls').SecureContext} SecureContext */
/** @typedef {typeof tls.createSecureContext & { [sharing]?: Function }} Create */

// Sets of options, of which a program with many client certificates has many; beyond, the oldest is forgotten.
const MOST = 32;
// A program may change these at any time, and contexts made later follow.
const DEFAULTS = ['DEFAULT_CIPHERS', 'DEFAULT_ECDH_CURVE', 'DEFAULT_MIN_VERSION', 'DEFAULT_MAX_VERSION'];
// Marks a tls.createSecureContext that makes equal contexts of equal options, for the packages of all organisations:
// by itself, since a stranger's wrapper may have taken over the properties of what it wraps.
const sharing = Symbol.for('trustpack.sharing');

/**
 * Tell whether a function is a wrapper of ours around what is pure.
 * @param {Create} create
 * @returns {boolean}
 */
function isSharing(create = tls.createSecureContext) {
  return create[sharing] === create;
}

/**
 * Tell whether a function is Node's own createSecureContext, or a wrapper of ours around that. A stranger's wrapper
 * may add roots of its own, others each time. Bun and Deno share nothing.
 * @param {Create} create
 * @returns {boolean}
 */
function isPure(create) {
  return isSharing(create) || /\bconfigSecureContext\(/.test(Function.prototype.toString.call(create));
}

/**
 * Mark a wrapper of createSecureContext as what it wraps is.
 * @param {Create} wrapper
 * @param {Create} wrapped
 */
function inherit(wrapper, wrapped) {
  if (isPure(wrapped)) wrapper[sharing] = wrapper;
}

/**
 * List the options that Node makes a context from, as this release reads them.
 * @returns {string[]}
 */
function optionsRead() {
  /** @type {Set<string>} */
  const names = new Set();
  const record = (/** @type {object} */ target, /** @type {string | symbol} */ name) => {
    if (typeof name === 'string') names.add(name);
    return Reflect.get(target, name);
  };
  tls.createSecureContext(new Proxy({ ca: [] }, { get: record }));
  names.delete('singleUse'); // says when to free a context, not what is in it
  return [...names];
}

/**
 * Write a value so that equal ones are equal texts; undefined where that cannot be said.
 * @param {unknown} value
 * @returns {string | undefined}
 */
function text(value) {
  if (value === undefined) return 'undefined';
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return JSON.stringify(value);
  if (ArrayBuffer.isView(value))
    return `bytes ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}`;
  if (Array.isArray(value)) return join(value.map(text));
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  return join(['"object"', ...Object.entries(value).map(([name, one]) => join([text(name), text(one)]))]);
}

/**
 * @param {(string | undefined)[]} texts
 * @returns {string | undefined}
 */
function join(texts) {
  return texts.includes(undefined) ? undefined : `[${texts.join(',')}]`;
}

/** @type {Map<string, SecureContext>} */
const shared = new Map();
/** @type {string[] | undefined} */
let names;

/**
 * Copy a value of an option, which its owner may overwrite: a key's bytes, say.
 * @param {unknown} value
 * @param {number} depth how many lists and objects may lie in each other
 * @returns {unknown}
 */
function still(value, depth = 2) {
  if (ArrayBuffer.isView(value))
    return Buffer.from(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  if (depth === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => still(one, depth - 1));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, still(one, depth - 1)]));
}

/**
 * Copy a context's options as they are now, inherited ones too.
 * @param {object} options
 * @returns {object}
 */
function capture(options) {
  if (isSharing()) names ??= optionsRead();
  const read = [...Object.keys(options), ...(names ?? [])];
  const own = Object.fromEntries(read.map((name) => [name, still(Reflect.get(options, name))]));
  return Object.create(Object.getPrototypeOf(options), Object.getOwnPropertyDescriptors(own));
}

/**
 * Say in one text which context a connection's options ask for; undefined where it needs one of its own.
 * @param {object} options
 * @returns {string | undefined}
 */
function key(options) {
  if (!isSharing()) return undefined;
  names ??= optionsRead();
  const asked = names.map((name) => text(Reflect.get(options, name)));
  const written = join([...asked, ...DEFAULTS.map((name) => text(Reflect.get(tls, name))), text(getFips())]);
  // There may be a private key in it.
  return written && createHash('sha256').update(written).digest('hex');
}

/**
 * Return the context that connections with these options share; undefined where they cannot.
 * @param {object} options
 * @param {() => SecureContext} make
 * @returns {SecureContext | undefined}
 */
function share(options, make) {
  const wanted = key(options);
  if (!wanted) return undefined;
  const context = shared.get(wanted) ?? make();
  shared.delete(wanted); // so that the first is the one that was used longest ago
  shared.set(wanted, context);
  for (const oldest of shared.keys()) if (shared.size > MOST) shared.delete(oldest);
  return context;
}

/**
 * Forget a context that somebody has changed, or all where the default roots are others now.
 * @param {SecureContext} [changed]
 */
function forget(changed) {
  for (const [wanted, context] of shared) if (!changed || changed === context) shared.delete(wanted);
}

module.exports = { capture, forget, inherit, share };
