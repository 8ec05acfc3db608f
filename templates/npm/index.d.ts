/** The absolute path of the bundle, a PEM file. In an archive (Yarn's .zip) only this process finds it. */
export declare const path: string;

/** Read the bundle's text. */
export declare function pem(): string;

/** Read the bundle's certificates, each as one PEM text: `ca: [...tls.rootCertificates, ...certificates()]`. */
export declare function certificates(): string[];

/** Name the variables that make a new process trust the bundle; throws where that lies in an archive. */
export declare function env(): { NODE_EXTRA_CA_CERTS: string; DENO_CERT: string };

/**
 * Make the TLS clients of this process trust the bundle beside the roots they trust already.
 *
 * Importing `./register` does the same. Contexts with a `ca` of their own and TLS servers keep their meaning.
 * A second call does nothing. Returns whether the bundle is trusted now: false where the package is disabled, and
 * where the user or the program has chosen the default roots.
 */
export declare function register(): boolean;
