/**
 * SHA256SUMS of the executables, in the form that `sha256sum -c` reads.
 *
 * @module
 */

import { join } from "node:path";
import { sha256Hex } from "../lib/bytes.ts";

/** The lines for every executable in the directory, sorted by name. */
export async function sumsText(directory: string): Promise<string> {
  const entries = await Array.fromAsync(Deno.readDir(directory));
  const names = entries.map(({ name }) => name)
    .filter((name) => /^plasmd-[a-z]+-[a-z0-9]+$/.test(name)).sort();
  const lines = await Promise.all(
    names.map(async (name) =>
      `${sha256Hex(await Deno.readFile(join(directory, name)))}  ${name}\n`
    ),
  );
  return lines.join("");
}
