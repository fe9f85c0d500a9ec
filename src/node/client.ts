/**
 * Joins what a client needs: the boot's parts on this machine, and who its providers are.
 *
 * @module
 */

import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { openKexec } from "../boot/kexec.ts";
import { readKexecState } from "../boot/kexec_refusal.ts";
import { openLibc } from "../boot/libc.ts";
import { liesInMemory, readMemory } from "../boot/memory.ts";
import { bootFetch } from "../boot/fetch.ts";
import type { BootParts } from "../boot/run.ts";
import { machineArch } from "../formats/names.ts";
import { PlasmdError } from "../lib/errors.ts";

/** The parts of a boot on this machine. Disposing them lets libc go. */
export type ClientParts = BootParts & Disposable;

/**
 * Opens the parts of a boot.
 *
 * @param providers URLs that somebody has named
 * @throws {PlasmdError} `unsupported` where no kernel can be started from a program
 */
export async function openClient(providers: readonly string[]): Promise<ClientParts> {
  const state = await readKexecState();
  const libc = openLibc();
  return {
    libc,
    kexec: openKexec(libc, machineArch(), state),
    discover: () => named(providers),
    fetch: bootFetch,
    memory: () => readMemory(),
    inMemory,
    [Symbol.dispose]: () => libc[Symbol.dispose](),
  };
}

function named(providers: readonly string[]): Promise<readonly string[]> {
  if (providers.length > 0) return Promise.resolve(providers);
  return Promise.reject(
    new PlasmdError("nothing_found", "No provider is named", {
      hint: "name one: phase.provider=http://192.0.2.1:8080 on the kernel command line, " +
        "or --provider",
    }),
  );
}

/** The same for a directory that a fetch will make. */
async function inMemory(directory: string): Promise<boolean> {
  for (let path = directory;; path = dirname(path)) {
    if (path === dirname(path) || await isThere(path)) return await liesInMemory(path);
  }
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}
