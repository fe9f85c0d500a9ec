/**
 * Joins what a client needs: the boot's parts on this machine, and who its providers are.
 *
 * @module
 */

import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { openKexec } from "../boot/kexec.ts";
import { readMachineLayout } from "../boot/kexec_load/loader.ts";
import { readKexecState } from "../boot/kexec_refusal.ts";
import { openLibc } from "../boot/libc.ts";
import { liesInMemory, readMemory } from "../boot/memory.ts";
import { bootFetch } from "../boot/fetch.ts";
import type { BootParts } from "../boot/run.ts";
import { machineArch } from "../formats/names.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { transferLimits } from "../lib/limits.ts";
import type { DiscoverOptions } from "./discover.ts";

/** The parts of a boot on this machine. Disposing them lets libc go. */
export type ClientParts = BootParts & Disposable;

/** Whom a client asks. */
export interface ClientProviders {
  /** URLs that somebody has named; nobody else is looked for then. */
  readonly named: readonly string[];
  /** How providers are found where none is named; without it nobody is looked for. */
  readonly find?: Omit<DiscoverOptions, "all" | "signal">;
}

/**
 * Opens the parts of a boot.
 *
 * @throws {PlasmdError} `unsupported` where no kernel can be started from a program
 */
export async function openClient(providers: ClientProviders, deps: Deps): Promise<ClientParts> {
  const [state, layout] = await Promise.all([readKexecState(), readMachineLayout()]);
  const libc = openLibc();
  return {
    libc,
    kexec: openKexec(libc, machineArch(), { state, layout, random: deps.random.bytes }),
    discover: (signal) => providersFor(providers, signal, deps),
    fetch: bootFetch,
    memory: () => readMemory(),
    inMemory,
    [Symbol.dispose]: () => libc[Symbol.dispose](),
  };
}

/**
 * The URLs of providers: those that are named, else those that are found, the best first.
 *
 * @throws {PlasmdError} `nothing_found`
 */
export async function providersFor(
  { named, find }: ClientProviders,
  signal: AbortSignal,
  deps: Deps,
): Promise<readonly string[]> {
  if (named.length > 0) return named;
  if (find === undefined) throw nobody("No provider is named");
  // Loaded now, and not before: a boot with a named provider has no use for it.
  const { discoverProviders } = await import("./discover.ts");
  const found = await discoverProviders({ ...find, all: false, signal }, deps).catch((thrown) => {
    throw toPlasmdError(thrown).code === "nothing_found" ? nobody(thrown.message) : thrown;
  });
  if (found.length === 0) throw nobody(`Nobody who serves ${find.channel}/${find.arch} was found`);
  return found.slice(0, transferLimits.providers).map(({ offer }) => offer.origin);
}

function nobody(message: string): PlasmdError {
  return new PlasmdError("nothing_found", message, {
    hint: "name a provider: phase.provider=http://192.0.2.1:8080 on the kernel command line, " +
      "or --provider\nor a node of the DHT: phase.bootstrap=/ip4/192.0.2.1/tcp/4001, or --bootstrap",
  });
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
