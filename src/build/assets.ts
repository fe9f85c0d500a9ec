/**
 * WebAssembly that a package reads from beside its own module: in a bundle there is nothing beside
 * it, so its bytes go into the text.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { PlasmdError } from "../lib/errors.ts";

const reference = /new URL\("\.\/([\w.-]+\.wasm)",import\.meta\.url\)/g;
const reader = 'await import("node:fs/promises")';

/**
 * The text with what it reads in it: a line that must stand before it, and the text, in which names
 * stand where URLs were. `sources` are the files that the bundle was made of.
 *
 * @throws {PlasmdError} `internal` where the package does it in a way that isn't known
 */
export async function withAssets(
  text: string,
  sources: readonly string[],
): Promise<{ readonly head: string; readonly text: string }> {
  const names = new Set([...text.matchAll(reference)].map(([, name]) => name!));
  if (names.size === 0) return { head: "", text };
  if (!text.includes(reader)) {
    throw new PlasmdError("internal", "A package reads its WebAssembly in a new way");
  }
  const packed: Record<string, string> = {};
  for (const name of names) packed[name] = pack(await findBeside(name, sources));
  // As long as before: the source map counts columns.
  const named = text
    .replaceAll(reference, (found, name) => JSON.stringify(name).padEnd(found.length))
    .replaceAll(reader, (found) => "plasmdAssets".padEnd(found.length));
  return { head: unpacker(packed), text: named };
}

/** What stands in for the file system: it is asked by name, and unpacks when it is asked. */
function unpacker(packed: Readonly<Record<string, string>>): string {
  return `const plasmdAssets={readFile:(name)=>require("node:zlib").brotliDecompressSync(` +
    `require("node:buffer").Buffer.from(${JSON.stringify(packed)}[name],"base64"))};`;
}

async function findBeside(name: string, sources: readonly string[]): Promise<Uint8Array> {
  for (const directory of new Set(sources.map(dirname))) {
    const bytes = await Deno.readFile(join(directory, name)).catch(() => undefined);
    if (bytes !== undefined) return bytes;
  }
  throw new PlasmdError("internal", `No package has "${name}" beside its modules`);
}

/** Base64 of the smallest that there is: the text is in memory of every start. */
function pack(bytes: Uint8Array): string {
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 24 };
  return brotliCompressSync(bytes, { params: quality }).toString("base64");
}
