/**
 * What `serve --quick-start` serves where nothing was prepared: `./artifacts`, else this machine's
 * own kernel and initramfs, else a generated demo image.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scanArtifacts } from "../artifacts/scan.ts";
import type { Arch } from "../formats/names.ts";
import { PlasmdError } from "../lib/errors.ts";
import { writeAtomic } from "../lib/files.ts";
import { makeStateDirectory, stateDirectory } from "../lib/state_dir.ts";
import { isLoopback } from "./addresses.ts";

/** What was chosen. */
export interface QuickStart {
  readonly kind: "directory" | "machine" | "demo";
  readonly directory: string;
  /** An initramfs can hold secrets: this machine's own is served to this machine only. */
  readonly loopbackOnly: boolean;
  /** Said plainly to the person. */
  readonly sentence: string;
  /** The manifest's version, where the choice decides it. */
  readonly imageVersion?: string;
}

/** Where to look, and where a copy or a demo goes. */
export interface QuickStartOptions {
  /** Usually `./artifacts`. */
  readonly artifacts: string;
  /** Usually `/boot`. */
  readonly boot: string;
  /** The running kernel's release: its files are preferred. */
  readonly release: string;
  /** A directory of ours for the copy or the demo. */
  readonly work: string;
  readonly channel: string;
  readonly arch: Arch;
}

/**
 * The directory for copies and demos: in the state directory, or in a fresh temporary one where that
 * can't be written.
 */
export async function quickStartDirectory(stateDir?: string): Promise<string> {
  const state = await makeStateDirectory(stateDirectory(stateDir));
  if (state !== undefined) {
    const directory = join(state, "quick-start");
    const made = await fs.mkdir(directory, { recursive: true, mode: 0o700 }).then(
      () => true,
      () => false,
    );
    if (made) return directory;
  }
  return await fs.mkdtemp(join(tmpdir(), "plasmd-"));
}

/**
 * Chooses what to serve, and makes it where it must be made.
 *
 * @throws {PlasmdError} `artifacts` where `./artifacts` is there but can't be served, `io` where
 * the copy or the demo can't be written
 */
export async function chooseQuickStart(options: QuickStartOptions): Promise<QuickStart> {
  if (await isDirectory(options.artifacts)) {
    await scanArtifacts(options.artifacts, options);
    return {
      kind: "directory",
      directory: options.artifacts,
      loopbackOnly: false,
      sentence: `Serving what is in ${options.artifacts}.`,
    };
  }
  return await machineImage(options) ?? await demoImage(options.work);
}

/**
 * The address to listen on for what was chosen.
 *
 * @param chosen whether a person or a file named the host
 * @throws {PlasmdError} `usage` where this machine's own initramfs would leave it
 */
export function quickStartHost(
  { loopbackOnly }: Pick<QuickStart, "loopbackOnly">,
  host: string,
  chosen: boolean,
): string {
  if (!loopbackOnly || isLoopback(host)) return host;
  if (!chosen) return "127.0.0.1";
  throw new PlasmdError("usage", `This machine's own initramfs is not served on "${host}"`, {
    hint: "it can hold secrets: leave the host out, or put what others may have into ./artifacts",
  });
}

/** A kernel and initramfs of the same release. */
export interface BootPair {
  readonly release: string;
  readonly kernel: string;
  readonly initramfs: string;
}

/**
 * Pairs kernels and initramfs files of a directory like /boot by their release, the running one
 * first, then by name from the newest.
 */
export function bootPairs(names: readonly string[], running: string): BootPair[] {
  const initramfsOf = (release: string) =>
    [`initrd.img-${release}`, `initramfs-${release}.img`, `initramfs-${release}`]
      .find((name) => names.includes(name));
  const newestFirst = new Intl.Collator("en", { numeric: true });
  return names.flatMap((kernel): BootPair[] => {
    const release = /^vmlinuz-(.+)$/.exec(kernel)?.[1];
    const initramfs = release === undefined ? undefined : initramfsOf(release);
    return release === undefined || initramfs === undefined ? [] : [{ release, kernel, initramfs }];
  }).sort((a, b) =>
    Number(b.release === running) - Number(a.release === running) ||
    newestFirst.compare(b.release, a.release)
  );
}

async function machineImage(options: QuickStartOptions): Promise<QuickStart | undefined> {
  const names = await fs.readdir(options.boot).catch((): string[] => []);
  for (const pair of bootPairs(names, options.release)) {
    const kernel = join(options.boot, pair.kernel);
    const initramfs = join(options.boot, pair.initramfs);
    if (!await isWorldReadable(kernel) || !await isWorldReadable(initramfs)) continue;
    const directory = join(options.work, "machine");
    await fs.mkdir(directory, { recursive: true, mode: 0o700 });
    await copyIfChanged(kernel, join(directory, "vmlinuz"));
    await copyIfChanged(initramfs, join(directory, "initramfs"));
    return {
      kind: "machine",
      directory,
      loopbackOnly: true,
      sentence: `There is no ./artifacts: serving this machine's own kernel and initramfs ` +
        `(${pair.release}), on loopback only, because an initramfs can hold secrets.`,
    };
  }
  return undefined;
}

async function isDirectory(path: string): Promise<boolean> {
  return await fs.stat(path).then((stat) => stat.isDirectory(), () => false);
}

async function isWorldReadable(path: string): Promise<boolean> {
  const stat = await fs.stat(path).catch(() => undefined);
  return stat !== undefined && stat.isFile() && (stat.mode & 0o004) !== 0;
}

/** Copies through a temporary name; the same size and time mean the same file. */
async function copyIfChanged(from: string, to: string): Promise<void> {
  const [source, copy] = await Promise.all([fs.stat(from), fs.stat(to).catch(() => undefined)]);
  if (copy?.size === source.size && copy.mtimeMs === source.mtimeMs) return;
  const temporary = `${to}.part`;
  await fs.copyFile(from, temporary);
  await fs.utimes(temporary, source.atime, source.mtime);
  await fs.rename(temporary, to);
}

const demoKernelBytes = 1024 * 1024;
const demoInitramfsBytes = 8 * 1024 * 1024;

async function demoImage(work: string): Promise<QuickStart> {
  const directory = join(work, "demo");
  await fs.mkdir(directory, { recursive: true, mode: 0o700 });
  for (const [name, size] of [["kernel", demoKernelBytes], ["initramfs", demoInitramfsBytes]]) {
    const path = join(directory, name as string);
    const bytes = demoBytes(name as string, size as number);
    if ((await fs.stat(path).catch(() => undefined))?.size !== bytes.length) {
      await writeAtomic(path, bytes);
    }
  }
  return {
    kind: "demo",
    directory,
    loopbackOnly: false,
    sentence: "There is no ./artifacts and no readable kernel in /boot: serving a demo image. " +
      "It does not boot; it is there to try the commands with.",
    imageVersion: "demo",
  };
}

/** Deterministic bytes that say what they are, so that every demo has the same hashes. */
function demoBytes(name: string, size: number): Uint8Array {
  const line = `plasmd demo ${name}: this is not a real ${name}, it does not boot.\n`;
  return new TextEncoder().encode(line.repeat(Math.ceil(size / line.length)).slice(0, size));
}
