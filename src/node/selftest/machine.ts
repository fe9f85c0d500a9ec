/**
 * Checks of the machine itself: files, memory, clock.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { join } from "node:path";
import { readMemory, requireMemory } from "../../boot/memory.ts";
import type { Clock } from "../../lib/clock.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { readBounded, writeAtomic } from "../../lib/files.ts";
import { fileLimits } from "../../lib/limits.ts";
import { bytesText } from "../../lib/text.ts";
import { writtenAfter } from "../../trust/clock.ts";

/** What these checks need. */
export interface MachineContext {
  readonly directory: string;
  readonly deps: { readonly clock: Clock };
}

/** A file is written as a whole, replaced, and read back. */
export async function checkFiles({ directory }: MachineContext): Promise<string> {
  const path = join(directory, "file");
  await writeAtomic(path, new TextEncoder().encode("first"));
  await writeAtomic(path, new TextEncoder().encode("second"));
  const text = new TextDecoder().decode(await readBounded(path, fileLimits.configBytes));
  if (text !== "second") throw new PlasmdError("io", `"${path}" holds other bytes than written`);
  const { bavail, bsize } = await fs.statfs(directory);
  return `written and read in ${directory}, ${bytesText(bavail * bsize)} free`;
}

/** Enough memory for a boot; a provider needs less. */
export async function checkMemory(): Promise<string> {
  const memory = await readMemory();
  requireMemory(memory);
  return `${bytesText(memory.available)} of ${bytesText(memory.total)} available`;
}

/** A clock that is behind makes every manifest look as if it came from tomorrow. */
export function checkClock({ deps: { clock } }: MachineContext): Promise<string> {
  const text = `it is ${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
  if (clock.now() < writtenAfter) {
    throw new PlasmdError("not_yet_valid", `${text}: the clock was not set`);
  }
  return Promise.resolve(text);
}
