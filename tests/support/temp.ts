/**
 * A directory of a test's own, gone when the test ends.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { join } from "node:path";

/** A fresh directory; `await using directory = await tempDirectory()`. */
export interface TempDirectory extends AsyncDisposable {
  readonly path: string;
  /** A path in it. */
  join(...parts: string[]): string;
}

/** Makes a temporary directory that is removed when disposed. */
export async function tempDirectory(): Promise<TempDirectory> {
  const path = await Deno.makeTempDir({ prefix: "plasmd-test-" });
  return {
    path,
    join: (...parts) => join(path, ...parts),
    [Symbol.asyncDispose]: () => fs.rm(path, { recursive: true, force: true }),
  };
}
