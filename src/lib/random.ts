/**
 * Randomness as a dependency, so that tests can set it.
 *
 * @module
 */

/** A source of random bytes. */
export interface Random {
  /** `length` random bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

/** The operating system's random bytes. */
export const systemRandom: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};
