'use strict';
// Makes TLS clients of this process trust the bundle beside the roots they trust already.
//
// The seam is tls.connect, which https, http2, fetch and every client library end in, because only there is it
// certain that a context is a client's. tls.createSecureContext serves servers as well (createServer,
// setSecureContext, addContext, SNICallback): adding roots there would make servers with `requestCert` accept
// client certificates from this CA. It is wrapped only to remember the options of contexts that client libraries
// make first and hand to tls.connect later (gRPC, databases); such a context is copied, never changed.

const { syncBuiltinESMExports } = require('node:module');
const { resolve } = require('node:path');
const tls = require('node:tls');
const bundle = require('./bundle.js');

/** @typedef {import('node:tls').SecureContext} SecureContext */
/** @typedef {import('node:tls').SecureContextOptions} SecureContextOptions */
/** @typedef {import('node:tls').ConnectionOptions & { keepAlive?: boolean }} Options */

// On the shared `tls` object, so that a second load of this file finds it; by name and place, so that another
// organisation's package, or another copy of this one, still adds its own roots.
const registered = Symbol.for(`${bundle.name} ${__dirname}`);
// Marks the options of contexts that tls.connect is about to use, for the packages of all organisations at once.
const client = Symbol.for('trustpack.client');

// Kept from the start, as Node does: a program may change its environment or its folder later.
const named = bundle.environment('NODE_EXTRA_CA_CERTS');
const extra = named ? resolve(named) : undefined;

/** @type {string | undefined} */
let roots;

/**
 * Load the bundle at the first client connection, so that a process without one pays nothing.
 * @returns {string}
 */
function load() {
  const { certificates, problems } = bundle.inspect(bundle.path);
  if (problems.length > 0) warn(`${problems.join('; ')}; reinstall ${bundle.name}`);
  return [...certificates, ...dropped()].join('\n');
}

/**
 * Read the roots that addCACert would take away: before tls.setDefaultCACertificates existed, Node added to the
 * built-in roots only and lost those of NODE_EXTRA_CA_CERTS (18.20 and 20.20 do). Node itself warns of a bad file.
 * @returns {string[]}
 */
function dropped() {
  return extra && !('setDefaultCACertificates' in tls) ? bundle.inspect(extra).certificates : [];
}

/**
 * Warn in the way the runtime's user has chosen for warnings.
 * @param {string} message
 */
function warn(message) {
  process.emitWarning(`${bundle.path}: ${message}`, { type: 'TrustWarning', code: bundle.name });
}

/**
 * Add the bundle to a client's context that has the default roots. A connection must never fail here.
 * @param {SecureContext} context
 */
function extend(context) {
  roots ??= load();
  try {
    if (roots) context.context.addCACert(roots);
  } catch (error) {
    roots = '';
    warn(
      `this runtime cannot trust it: ${/** @type {Error} */ (error).message}; set NODE_EXTRA_CA_CERTS instead`,
    );
  }
}

/**
 * @param {unknown} value
 * @returns {value is object}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null;
}

/**
 * Find the last argument of tls.connect that holds options, as Node looks for it: (options), (path, options),
 * (port, host, options), each with or without a callback; -1 where there are none.
 * @param {unknown[]} args
 * @returns {number}
 */
function position(args) {
  return [1, 2, 0].find((index) => isObject(args[index])) ?? -1;
}

/**
 * Merge the options in tls.connect's arguments, as Node does.
 * @param {unknown[]} args
 * @returns {Options}
 */
function merge(args) {
  return Object.assign({}, isObject(args[0]) ? args[0] : {}, args[position(args)]);
}

/**
 * Return tls.connect's arguments with a context put into their options.
 * @param {unknown[]} args
 * @param {SecureContext} secureContext
 * @returns {unknown[]}
 */
function place(args, secureContext) {
  const at = position(args);
  const callback = typeof args.at(-1) === 'function' ? 1 : 0;
  const [start, end] = at >= 0 ? [at, at + 1] : [args.length - callback, args.length - callback];
  return [...args.slice(0, start), Object.assign({}, args[at], { secureContext }), ...args.slice(end)];
}

/**
 * Copy a context's options, inherited ones too, and mark them as a client's.
 * @param {object} options
 * @returns {SecureContextOptions}
 */
function mark(options) {
  return Object.assign(Object.create(Object.getPrototypeOf(options)), options, { [client]: true });
}

/**
 * Call back when somebody changes a context after it was made, by the methods beneath it.
 * @param {SecureContext} context
 * @param {() => void} changed
 */
function watch({ context: inner }, changed) {
  if (!inner) return; // an older Deno
  const names = [inner, Object.getPrototypeOf(inner)].flatMap(Object.getOwnPropertyNames);
  for (const name of names.filter((name) => /^(add|load|set)[A-Z]/.test(name))) {
    const method = inner[name];
    /** @param {unknown[]} args */
    inner[name] = (...args) => {
      changed();
      return Reflect.apply(method, inner, args);
    };
  }
}

/** Wrap the two functions of `tls`; whoever has wrapped them before or wraps them later still gets every call. */
function wrap() {
  const { connect: connectBefore, createSecureContext: createBefore } = tls;
  /** @type {WeakMap<SecureContext, SecureContextOptions>} */
  const made = new WeakMap();
  /** @type {WeakMap<SecureContext, SecureContext>} */
  const copies = new WeakMap();

  /** @type {typeof tls.createSecureContext} */
  tls.createSecureContext = function createSecureContext(options) {
    const context = createBefore.call(this, options);
    if (options?.ca) return context; // who names their CAs gets only those
    if (options && client in options) {
      extend(context);
    } else {
      made.set(context, mark(options ?? {}));
      watch(context, () => made.delete(context)); // a copy would lack what was added
    }
    return context;
  };

  /**
   * Return the context a client shall use, or nothing where its own is to be left alone.
   * @param {Options} options
   * @returns {SecureContext | undefined}
   */
  function choose(options) {
    const own = options.secureContext;
    if (!own && options.ca) return undefined;
    // As tls.connect marks its own: Node 26 then frees the context together with its connection.
    if (!own) return tls.createSecureContext(mark({ singleUse: !options.keepAlive, ...options }));
    const same = made.get(own);
    if (!same) return undefined;
    if (!copies.has(own)) copies.set(own, tls.createSecureContext(same));
    return copies.get(own);
  }

  /** @param {unknown[]} args */
  tls.connect = function connect(...args) {
    const context = args.length > 0 && choose(merge(args));
    return Reflect.apply(connectBefore, this, context ? place(args, context) : args);
  };
}

/**
 * Tell whether the TLS clients of this process trust the bundle through this package.
 * @returns {boolean}
 */
function isRegistered() {
  return registered in tls;
}

/** Let `import { connect } from 'node:tls'` see the wrapped functions, where the runtime can; older Denos throw. */
function synchronise() {
  try {
    syncBuiltinESMExports();
  } catch {
    // Then only named imports stay as they were.
  }
}

/**
 * Make the TLS clients of this process trust the bundle; a second call does nothing.
 * @returns {boolean} whether they do now
 */
function register() {
  if (!isRegistered() && !bundle.isDisabled()) {
    wrap();
    Object.defineProperty(tls, registered, { value: true });
    synchronise();
  }
  return isRegistered();
}

module.exports = { isRegistered, register };
