/**
 * SIGHUP: the configuration is to be read again.
 *
 * @module
 */

/** Calls back at each SIGHUP until disposed. */
export function onHangup(listener: () => void): Disposable {
  Deno.addSignalListener("SIGHUP", listener);
  return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGHUP", listener) };
}
