/**
 * `wasi:io/poll`: waiting in this thread, which has nothing else to do.
 *
 * @module
 */

import type { WasiClocks } from "../wasi/host.ts";
import { ComponentTrap } from "./failures.ts";

/** `wasi:io/poll.pollable`: ready at once, or from an instant of the monotonic clock on. */
export class Pollable {
  readonly #clocks: WasiClocks;
  readonly #instant: bigint;

  constructor(clocks: WasiClocks, instant = 0n) {
    this.#clocks = clocks;
    this.#instant = instant;
  }

  /** Whether it is ready. */
  ready(): boolean {
    return this.left() <= 0n;
  }

  /** Waits until it is ready. */
  block(): void {
    // A sleep may end a little early.
    for (let left = this.left(); left > 0n; left = this.left()) this.#clocks.sleep(left);
  }

  /** Nanoseconds until it is ready. */
  left(): bigint {
    return this.#instant === 0n ? 0n : this.#instant - this.#clocks.monotonic();
  }
}

/** Waits for the first of a list; returns the places of all that are ready. */
export function poll(list: readonly Pollable[]): Uint32Array {
  if (list.length === 0) throw new ComponentTrap("it polls nothing");
  const first = list.reduce((one, other) => other.left() < one.left() ? other : one);
  first.block();
  return Uint32Array.from(list.flatMap((one, i) => one === first || one.ready() ? [i] : []));
}
