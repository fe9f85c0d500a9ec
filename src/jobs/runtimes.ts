/**
 * What this version can run, as it is advertised.
 *
 * @module
 */

/** The runtimes of this worker, `wasm` for all of them among them. */
export const ownRuntimes: readonly string[] = ["wasm", "v8-wasi-0.1", "v8-wasi-0.2"];
