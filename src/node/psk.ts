/**
 * The key of a private network of libp2p, in the file format that all its implementations share.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import { readBounded } from "../lib/files.ts";
import { p2pLimits } from "../lib/limits.ts";

/**
 * The bytes of a key file: three lines, the last one 64 hex digits.
 *
 * @throws {PlasmdError} `config` where it is none; the message never holds any of the key
 */
export async function readPsk(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readBounded(path, p2pLimits.pskFileBytes);
  const lines = new TextDecoder().decode(bytes).trimEnd().split(/\r?\n/);
  const [head, coding, key] = lines;
  const good = lines.length === 3 && head === "/key/swarm/psk/1.0.0/" && coding === "/base16/" &&
    /^[0-9a-fA-F]{64}$/.test(key!);
  if (good) return bytes;
  throw new PlasmdError("config", `Cannot use "${path}": it is no key of a private network`, {
    hint: 'it has three lines: "/key/swarm/psk/1.0.0/", "/base16/" and 64 hex digits',
  });
}
