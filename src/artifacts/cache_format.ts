/**
 * The bytes of the hash cache: a line with the SHA-256 of the rest, then JSON. What doesn't fit in
 * every detail is no cache: a wrong hash would be signed.
 *
 * @module
 */

import { fromBase64, sha256Hex, toBase64 } from "../lib/bytes.ts";
import { fileLimits, formatLimits } from "../lib/limits.ts";
import type { FileHash } from "./hash.ts";

/** A hash and when it was last of use. */
export interface CacheEntry {
  readonly hash: FileHash;
  /** Seconds since 1970. */
  readonly used: number;
}

const head = "plasmd-hash-cache 1 ";
const headLength = head.length + 64 + 1;

/** The bytes of the entries; what was not of use for longest is left out where they are too many. */
export function formatCache(entries: readonly CacheEntry[]): Uint8Array<ArrayBuffer> {
  const lines: string[] = [];
  let room = fileLimits.hashCacheBytes - headLength - 2;
  for (const entry of [...entries].sort((a, b) => b.used - a.used)) {
    const line = JSON.stringify(plain(entry));
    room -= line.length + 2;
    if (room < 0) break;
    lines.push(line);
  }
  const body = `[${lines.join(",\n")}]`;
  const sum = sha256Hex(new TextEncoder().encode(body));
  return new TextEncoder().encode(`${head}${sum}\n${body}`);
}

function plain({ hash, used }: CacheEntry) {
  return { ...hash, chunks: toBase64(hash.chunks), used };
}

/** The entries, or undefined where the bytes are not exactly what {@linkcode formatCache} writes. */
export function parseCache(bytes: Uint8Array): CacheEntry[] | undefined {
  const sum = sha256Hex(bytes.subarray(headLength));
  const first = new TextDecoder().decode(bytes.subarray(0, headLength));
  if (first !== `${head}${sum}\n`) return undefined;
  try {
    const list: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(headLength)));
    if (!Array.isArray(list)) return undefined;
    const entries = list.map(parseEntry);
    return entries.includes(undefined) ? undefined : entries as CacheEntry[];
  } catch {
    return undefined;
  }
}

function parseEntry(value: unknown): CacheEntry | undefined {
  if (value === null || typeof value !== "object") return undefined;
  const entry = value as Record<string, unknown>;
  const { dev, ino, size, mtimeMs, ctimeMs, digest, chunkSize, chunks, used } = entry;
  if (![dev, ino, size, mtimeMs, ctimeMs, chunkSize, used].every(Number.isFinite)) return undefined;
  if (typeof digest !== "string" || !/^[0-9a-f]{64}$/.test(digest)) return undefined;
  if (typeof chunks !== "string" || !isChunkSize(chunkSize as number)) return undefined;
  const hashes = fromBase64(chunks);
  const count = Math.ceil((size as number) / (chunkSize as number));
  if (count < 1 || hashes?.length !== 32 * count) return undefined;
  const hash = { dev, ino, size, mtimeMs, ctimeMs, digest, chunkSize, chunks: hashes };
  return { hash: hash as unknown as FileHash, used: used as number };
}

function isChunkSize(size: number): boolean {
  const { chunkBytesMin, chunkBytesMax } = formatLimits;
  return size >= chunkBytesMin && size <= chunkBytesMax && Number.isInteger(Math.log2(size));
}
