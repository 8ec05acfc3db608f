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
const { getEnvironmentData, setEnvironmentData } = require('node:worker_threads');
const bundle = require('./bundle.js');
const { isNamed, look } = require('./choices.js');
const { capture, forget, inherit, share } = require('./contexts.js');
const { follow, list, strip } = require('./defaults.js');

/** @typedef {import('node:tls').SecureContext} SecureContext */
/** @typedef {import('node:tls').SecureContextOptions} SecureContextOptions */
/** @typedef {import('node:tls').ConnectionOptions & { keepAlive?: boolean }} Options */

// On the shared `tls` object, so that a second load of this file finds it; by name and place, so that another
// organisation's package, or another copy of this one, still adds its own roots.
const here = `${bundle.name} ${bundle.folder}`;
const registered = Symbol.for(here);
// Marks the options of contexts that tls.connect is about to use, for the packages of all organisations at once.
const client = Symbol.for('trustpack.client');

// Kept from the start, as Node does: a program may change its environment or its folder later.
const named = bundle.environment('NODE_EXTRA_CA_CERTS');
const extra = named ? resolve(named) : undefined;
// A worker's options and environment may be others than its process's, which Node goes by: so it inherits these.
const { openssl, chosen } = /** @type {ReturnType<typeof look>} */ (getEnvironmentData(here) ?? look());
setEnvironmentData(here, { openssl, chosen });

/** @type {{ certificates: string[], others: string[] } | undefined} */
let loaded;

// Which of the bundle count: all (undefined) while the default roots are what they were at first, or longer; those
// that the program has left in its list; none where it has chosen others.
/** @type {string[] | undefined} */
let held;
/** @type {{ ca?: string[] }} what the default roots were until they became others; filled in then */
let era = {};

/**
 * Load the bundle at the first client connection, so that a process without one pays nothing.
 * @returns {{ certificates: string[], others: string[] }} the certificates, and what they would drive out
 */
function load() {
  if (loaded) return loaded;
  const { certificates, problems } = bundle.inspect(bundle.path);
  if (problems.length > 0) warn(bundle.complain(problems));
  loaded = { certificates, others: dropped() };
  return loaded;
}

/**
 * @returns {string[]} the bundle's
 */
function certificates() {
  return load().certificates;
}

/**
 * @returns {string[]} those of the bundle that clients trust now
 */
function trusted() {
  return held ?? certificates();
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
  process.emitWarning(message, { type: 'TrustWarning', code: bundle.name });
}

/**
 * Add the bundle to a client's context that has the default roots. A connection must never fail here.
 * @param {SecureContext} context
 * @param {boolean} named whether they are those of a variable
 */
function extend(context, named) {
  // Another organisation's package, registered since, marks its clients' contexts where ours count no more, too.
  const ours = trusted();
  if (ours.length === 0) return;
  const added = named ? ours : [...ours, ...load().others];
  try {
    context.context.addCACert(added.join('\n'));
  } catch (error) {
    loaded = { certificates: [], others: [] };
    const { message } = /** @type {Error} */ (error);
    warn(`this runtime cannot trust ${bundle.path}: ${message}; set NODE_EXTRA_CA_CERTS instead`);
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
 * Return tls.connect's arguments with a context put into their options. Where there are none, new ones stand third
 * at the latest, in the place of an undefined or null: Node looks no further.
 * @param {unknown[]} args
 * @param {SecureContext} secureContext
 * @returns {unknown[]}
 */
function place(args, secureContext) {
  const at = position(args);
  const last = args.length - (typeof args.at(-1) === 'function' ? 1 : 0);
  const [start, end] = at >= 0 ? [at, at + 1] : [Math.min(last, 2), last];
  return [...args.slice(0, start), Object.assign({}, args[at], { secureContext }), ...args.slice(end)];
}

/**
 * Tell whether a client's `ca` is a choice of other roots.
 * @param {unknown} ca
 * @returns {boolean}
 */
function isChoice(ca) {
  return Boolean(ca) && !isNamed(ca);
}

/**
 * Copy a context's options, inherited ones too, with some others.
 * @template {object} T
 * @param {T} options
 * @param {object} others
 * @returns {T}
 */
function copy(options, others) {
  const own = Object.getOwnPropertyDescriptors({ ...options, ...others }); // set, they might meet a getter
  return Object.create(Object.getPrototypeOf(options), own);
}

/**
 * Call back when somebody changes a context after it was made, by the methods beneath it.
 * @param {SecureContext} context
 * @param {() => void} changed
 */
function watch({ context: inner }, changed) {
  if (!inner) return; // an older Deno
  const names = [inner, Object.getPrototypeOf(inner)].flatMap(Object.getOwnPropertyNames);
  for (const name of names.filter((name) => /^((add|load|set)[A-Z]|close$)/.test(name))) {
    const method = inner[name];
    /** @param {unknown[]} args */
    inner[name] = (...args) => {
      changed();
      return Reflect.apply(method, inner, args);
    };
  }
}

/** Wrap what makes clients of `tls`; whoever has wrapped it before or wraps it later still gets every call. */
function wrap() {
  const { connect: connectBefore, createSecureContext: createBefore } = tls;
  /** @type {WeakMap<SecureContext, { options: SecureContextOptions, era: typeof era }>} */
  const made = new WeakMap();
  /** @type {WeakMap<SecureContext, SecureContext>} */
  const copies = new WeakMap();

  /** @type {typeof tls.createSecureContext} */
  tls.createSecureContext = function createSecureContext(options) {
    if (options && client in options) {
      const context = createBefore.call(this, options);
      if (!isChoice(options.ca)) extend(context, Boolean(options.ca));
      return context;
    }
    // A list of the default roots may be for a server: it gets these without the bundle.
    const ca = strip(options?.ca, certificates);
    const kept = !options || ca === options.ca;
    const context = createBefore.call(this, kept ? options : copy(options, { ca }));
    if (isChoice(options?.ca) && kept) return context; // who names their CAs gets only those
    made.set(context, { options: capture(options ?? {}), era });
    watch(context, () => made.delete(context)); // a copy would lack what was added
    return context;
  };
  inherit(tls.createSecureContext, createBefore);

  /**
   * Make a client's context that is not its connection's alone.
   * @param {SecureContextOptions} options
   * @returns {SecureContext}
   */
  function make(options) {
    const context = tls.createSecureContext(copy(options, { [client]: true, singleUse: false }));
    watch(context, () => forget(context));
    return context;
  }

  /**
   * Return the options of a copy of a context that a program has made, with the default roots from then.
   * @param {SecureContext} own
   * @returns {SecureContextOptions | undefined} nothing where there cannot be one
   */
  function recall(own) {
    const { options, era: past } = made.get(own) ?? {};
    if (!options || options.ca || !past?.ca) return options;
    // Where OpenSSL's store is used, there is no list of what was in it.
    return past.ca.length > 0 ? copy(options, { ca: past.ca }) : undefined;
  }

  /**
   * Return the context a client shall use, or nothing where its own is to be left alone.
   * @param {Options} options
   * @returns {SecureContext | undefined}
   */
  function choose(options) {
    const own = options.secureContext;
    if (
      held?.length === 0 ||
      (!own && isChoice(options.ca) && strip(options.ca, certificates) === options.ca)
    )
      return undefined;
    const wanted = own ? recall(own) : options;
    if (!wanted) return undefined;
    const context = share(wanted, () => make(wanted));
    if (context) return context;
    // As tls.connect marks its own: Node 26 then frees the context together with its connection.
    if (!own)
      return tls.createSecureContext(copy({ singleUse: !options.keepAlive, ...options }, { [client]: true }));
    if (!copies.has(own)) copies.set(own, make(wanted));
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
  return Reflect.get(tls, registered) === true;
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
  if (!(registered in tls) && !bundle.isDisabled() && chosen.length === 0) {
    wrap();
    follow(openssl, certificates, (left, before) => {
      held = left;
      era.ca = before;
      era = {};
      forget();
    });
    list(trusted);
    Object.defineProperty(tls, registered, { get: () => !held });
    synchronise();
  }
  return isRegistered();
}

module.exports = { chosen, isRegistered, openssl, register };
