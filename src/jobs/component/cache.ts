/**
 * Components that were made ready to run, on the disk: the next job with the same component starts
 * without transpiling it. Nothing depends on the cache: what can't be read or written is made again.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { join } from "node:path";
import { sha256Hex } from "../../lib/bytes.ts";
import { readBounded, writeAtomic } from "../../lib/files.ts";
import { jobLimits } from "../../lib/limits.ts";
import { packedBytes, unpackTranspiled } from "./packed.ts";

/** The transpiler that this program has; what another one made is not used. */
export const transpilerVersion = "0.15.0";

/** Packed components by what they were made from. */
export interface ComponentCache {
  /** What is kept of a component, if it is whole. */
  get(component: Uint8Array): Promise<Uint8Array | undefined>;
  /** Keeps it, and lets go what was unused the longest. */
  put(component: Uint8Array, packed: Uint8Array): Promise<void>;
}

const digestBytes = 64;

/** A cache in a directory, which is made when something is kept. It holds so many bytes at most. */
export function openComponentCache(
  directory: string,
  most: number = jobLimits.componentCacheBytes,
): ComponentCache {
  // The key is the digest that we took of the component: who runs one can't reach another's.
  const fileOf = (component: Uint8Array) =>
    join(directory, `${sha256Hex(component)}-${transpilerVersion}`);
  return {
    async get(component) {
      const file = fileOf(component);
      const packed = await readWhole(file).catch(() => undefined);
      if (packed === undefined) {
        await fs.rm(file, { force: true }).catch(() => {});
        return undefined;
      }
      const now = new Date();
      await fs.utimes(file, now, now).catch(() => {});
      return packed;
    },
    async put(component, packed) {
      try {
        unpackTranspiled(packed);
        await fs.mkdir(directory, { recursive: true, mode: 0o700 });
        const digest = new TextEncoder().encode(sha256Hex(packed));
        await writeAtomic(fileOf(component), withHead(digest, packed), { mode: 0o600 });
        await trim(directory, most);
      } catch {
        // A full disk, or one that can't be written: the next job does without.
      }
    },
  };
}

/** The bytes behind the digest, if they are those; undefined where nothing whole is there. */
async function readWhole(file: string): Promise<Uint8Array | undefined> {
  const bytes = await readBounded(file, digestBytes + packedBytes, { followLinks: false });
  const packed = bytes.subarray(digestBytes);
  const digest = new TextDecoder().decode(bytes.subarray(0, digestBytes));
  return sha256Hex(packed) === digest ? packed : undefined;
}

function withHead(head: Uint8Array, rest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + rest.length);
  bytes.set(head);
  bytes.set(rest, head.length);
  return bytes;
}

/** Removes files, those first that were used the longest ago, until the rest has room. */
async function trim(directory: string, most: number): Promise<void> {
  const files = await Promise.all((await fs.readdir(directory)).map(async (name) => {
    const path = join(directory, name);
    const { size, mtimeMs } = await fs.lstat(path);
    return { path, size, mtimeMs };
  }));
  let left = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
    if (left <= most) return;
    await fs.rm(path, { force: true });
    left -= size;
  }
}
