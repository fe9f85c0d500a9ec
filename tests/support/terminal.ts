/**
 * A terminal that keeps what was printed.
 *
 * @module
 */

import type { Terminal } from "../../src/cli/ui.ts";

/** What was printed so far. */
export interface FakeTerminal extends Terminal {
  readonly out: () => string;
  readonly err: () => string;
}

/** Makes a terminal; not interactive unless asked. */
export function fakeTerminal(given: Partial<Terminal> = {}): FakeTerminal {
  let out = "";
  let err = "";
  return {
    interactive: false,
    columns: 80,
    color: false,
    ...given,
    stdout: (text) => out += text,
    stderr: (text) => err += text,
    out: () => out,
    err: () => err,
  };
}
