/**
 * The boot as a whole: providers → verified manifest → verified files → the next kernel, loaded.
 * It returns what came of it; starting the kernel is the caller's last word.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import { type Arch, artifactNames } from "../formats/names.ts";
import type { Deps } from "../lib/deps.ts";
import type { Dropped } from "../transfer/fetch.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import type { VerifiedManifest } from "../trust/verified.ts";
import type { BootFetchOptions, FetchOutcome } from "./fetch.ts";
import { fetchFromAny } from "./fetch_from_any.ts";
import type { Kexec } from "./kexec.ts";
import type { Libc } from "./libc.ts";
import { type Holding, type Memory, requireMemory, requireRoom } from "./memory.ts";
import { type FetchedImage, type SealedImage, sealImage, sizesOf } from "./seal_image.ts";

/** What to boot, from whom, and whom to trust. */
export interface BootRunOptions {
  readonly policy: TrustPolicy | undefined;
  readonly channel: string;
  /** The arch of this machine. */
  readonly arch: Arch;
  /** Milliseconds since 1970. */
  readonly buildTime?: number;
  /** The running kernel's command line. */
  readonly running: string;
  /** Where the files are fetched to. */
  readonly output: string;
  /** Remove the files once they are sealed, where they take memory. */
  readonly removeFiles: boolean;
  readonly stateDir: string;
  readonly allowRollback?: boolean;
  /** Verify and prepare everything, load nothing. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number, label: string) => void;
  /** Told once of each provider that isn't used, and why. */
  readonly onDrop?: (dropped: Dropped) => void;
  readonly onWarning?: (message: string) => void;
  /** Told when a stage is reached. */
  readonly onStage?: (stage: BootStage) => void;
}

/** The stages of a boot, in order. */
export type BootStage = "discover" | "fetch" | "seal" | "load" | "start";

/** What a boot is made of; each part is a fake in tests. */
export interface BootParts {
  readonly libc: Libc;
  readonly kexec: Kexec;
  /** URLs of providers. Throws `nothing_found` where there are none. */
  discover(signal: AbortSignal): Promise<readonly string[]>;
  fetch(options: BootFetchOptions, deps: Deps): Promise<FetchOutcome>;
  memory(): Promise<Memory>;
  /** Whether a directory's files take memory. It may not exist yet. */
  inMemory(directory: string): Promise<boolean>;
}

/** What came of a boot that nothing refused. */
export interface BootOutcome {
  /** `loaded`: the kernel can be started; `checked`: it could have been, this was a dry run. */
  readonly kind: "loaded" | "checked";
  readonly verified: VerifiedManifest;
  /** The next kernel's command line. */
  readonly cmdline: string;
  readonly handedOver: SealedImage["handedOver"];
  readonly leftOut: SealedImage["leftOut"];
  readonly providers: readonly string[];
}

/**
 * Boots: up to the point where the next kernel is loaded.
 *
 * @throws {PlasmdError} with the reason for which nothing was loaded
 */
export async function bootRun(
  options: BootRunOptions,
  parts: BootParts,
  deps: Deps,
): Promise<BootOutcome> {
  requireMemory(await parts.memory());
  const obstacle = parts.kexec.obstacle();
  if (obstacle !== undefined) {
    if (!options.dryRun) throw obstacle;
    options.onWarning?.(obstacle.message);
  }
  options.onStage?.("discover");
  const urls = await parts.discover(options.signal);
  options.onStage?.("fetch");
  const image = await fetchImage(urls, options, parts, deps);
  return await loadImage(image, options, parts);
}

async function fetchImage(
  urls: readonly string[],
  options: BootRunOptions,
  parts: BootParts,
  deps: Deps,
): Promise<FetchedImage> {
  const memory = await parts.memory();
  const holding = await holdingOf(options, parts);
  const { running: _running, dryRun: _dryRun, ...asked } = options;
  const outcome = await fetchFromAny(
    {
      ...asked,
      urls,
      // Before the files, so that memory doesn't run out in the middle of them.
      onChosen: (verified) => requireRoom(sizesOf(verified), memory, holding),
    },
    parts.fetch,
    deps,
  );
  return {
    verified: outcome.verified,
    directory: options.output,
    providers: outcome.providers.length > 0
      ? outcome.providers.map(({ name }) => name)
      : urls.filter((url) => !outcome.dropped.some(({ name }) => name === new URL(url).origin)),
  };
}

/** What is needed to load an image that lies in a directory. */
export type LoadOptions = Pick<
  BootRunOptions,
  "arch" | "running" | "removeFiles" | "dryRun" | "signal" | "onStage"
>;

/**
 * Loads an image whose files lie in a directory; each is hashed once more on the way.
 *
 * @throws {PlasmdError} with the reason for which nothing was loaded
 */
export async function loadImage(
  image: FetchedImage,
  options: LoadOptions,
  parts: Pick<BootParts, "libc" | "kexec" | "memory" | "inMemory">,
): Promise<BootOutcome> {
  options.onStage?.("seal");
  const memory = await parts.memory();
  const holding = await holdingOf({ ...options, output: image.directory }, parts);
  using sealed = await sealImage(image, { ...options, memory, holding }, parts.libc);
  const { cmdline, handedOver, leftOut } = sealed;
  const { verified, providers } = image;
  const outcome = { verified, cmdline, handedOver, leftOut, providers } as const;
  if (options.dryRun) return { kind: "checked", ...outcome };
  if (holding.inMemory && holding.removed) await removeFiles(image);
  options.onStage?.("load");
  parts.kexec.load(sealed);
  return { kind: "loaded", ...outcome };
}

async function holdingOf(
  { output, removeFiles, dryRun }: Pick<BootRunOptions, "output" | "removeFiles" | "dryRun">,
  parts: Pick<BootParts, "inMemory">,
): Promise<Holding> {
  return { inMemory: await parts.inMemory(output), removed: removeFiles && !dryRun };
}

async function removeFiles({ directory }: FetchedImage): Promise<void> {
  for (const name of artifactNames) await rm(`${directory}/${name}`, { force: true });
}
