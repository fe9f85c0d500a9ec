/**
 * The check of the sandbox: a Worker hashes the file that it may read, and may not read another.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { join } from "node:path";
import { openHasher } from "../../artifacts/hash.ts";
import { sha256Hex } from "../../lib/bytes.ts";
import type { Deps } from "../../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../../lib/errors.ts";
import { formatLimits } from "../../lib/limits.ts";

/** What this check needs. */
export interface WorkerContext {
  readonly directory: string;
  readonly deps: Deps;
  readonly signal: AbortSignal;
}

/** Hashes one file in a Worker, and finds that another one is out of its reach. */
export async function checkWorker({ directory, deps, signal }: WorkerContext): Promise<string> {
  const inside = join(directory, "inside");
  await fs.mkdir(inside);
  const bytes = deps.random.bytes(64 * 1024);
  await fs.writeFile(join(inside, "file"), bytes);
  await fs.writeFile(join(directory, "outside"), bytes);
  await using hasher = openHasher({ read: [inside], workers: 1 }, deps);
  const options = { chunkSize: formatLimits.chunkBytesMin, signal };
  const { digest } = await hasher.hash(join(inside, "file"), options);
  if (digest !== sha256Hex(bytes)) throw new PlasmdError("mismatch", "The Worker hashed wrongly");
  const reached = await hasher.hash(join(directory, "outside"), options).catch(toPlasmdError);
  if (!(reached instanceof PlasmdError)) {
    throw new PlasmdError("internal", "A Worker read a file that it has no permission for");
  }
  if (reached.code !== "permission") throw reached;
  return "hashes what it may read, and is refused the rest";
}
