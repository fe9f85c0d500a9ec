/**
 * Builds an initramfs from which a machine starts: plasmd, a static busybox, init, the kernel
 * modules that network and storage need, and what it trusts.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { basename } from "node:path";
import { sha256Hex } from "../../lib/bytes.ts";
import { PlasmdError, toPlasmdError } from "../../lib/errors.ts";
import { readBounded, writeAtomic } from "../../lib/files.ts";
import { mediaLimits } from "../../lib/limits.ts";
import { compress, type Compression } from "./compress.ts";
import { cpioArchive, type CpioEntry } from "./cpio.ts";
import { unpackExecutable } from "./executable.ts";
import { type ImageFormat, inFormat, type SigningFiles } from "./formats.ts";
import { initEntries } from "./init.ts";
import { kernelVersion } from "./kernel_version.ts";
import { readModule, readModuleTexts } from "./module_files.ts";
import { alwaysLoaded, loadedByDevice } from "./module_names.ts";
import {
  chooseModules,
  type KernelModule,
  type ModuleTables,
  parseModules,
  plainPath,
  tablesFor,
} from "./modules.ts";
import { readBusybox, readExecutable } from "./programs.ts";
import { type ImageSettings, settingsEntries } from "./settings.ts";

export { defaultNotBefore } from "./settings.ts";

/** What an image is made of. */
export interface ImageOptions extends Omit<ImageSettings, "kernelVersion"> {
  /** The kernel that will start the image; beside an initramfs it stays a file of its own. */
  readonly kernel: string;
  /** The modules directory of that kernel: `/lib/modules/6.1.0-13-amd64`. */
  readonly modules: string;
  readonly output: string;
  /** The plasmd executable, and a static busybox. */
  readonly exe: string;
  readonly busybox: string;
  readonly compression: Compression;
  /** What is written; default: an initramfs. */
  readonly format?: ImageFormat;
  /** systemd's UEFI stub, where it isn't in its usual place. */
  readonly stub?: string;
  /** Signs it for Secure Boot. */
  readonly sign?: SigningFiles;
  /** How hard zstd tries, 1 to 19. */
  readonly level: number;
  readonly signal?: AbortSignal;
}

/** What was built. */
export interface ImageReport {
  readonly output: string;
  readonly format: ImageFormat;
  /** Bytes of the file, and of the archive in it. */
  readonly size: number;
  readonly unpackedSize: number;
  /** SHA-256 of the file in hex. */
  readonly sha256: string;
  readonly kernelVersion: string;
  /** Names of the modules, each after those that it needs. */
  readonly modules: readonly string[];
  readonly buildTime: number;
  readonly notBefore: number;
  /** What a person should know before the image is used. */
  readonly warnings: readonly string[];
}

/**
 * Builds an image and writes it. The same input and build time give the same bytes.
 *
 * @throws {PlasmdError} `config` or `policy` for input that can't become an image, `io` and the like
 */
export async function buildImage(options: ImageOptions): Promise<ImageReport> {
  const { arch, signal, buildTime, notBefore, output } = options;
  const version = await matchingVersion(options.kernel, options.modules);
  const tables = parseModules(await readModuleTexts(options.modules));
  const chosen = chooseModules(tables, [...alwaysLoaded, ...loadedByDevice]);
  const entries = [
    ...initEntries(),
    ...settingsEntries({ ...options, kernelVersion: version }, namesToLoad(chosen)),
    program("bin/busybox", await readBusybox(options.busybox, arch)),
    ...await executableEntries(options),
    ...await moduleEntries(options.modules, version, tables, chosen, signal),
  ];
  const archive = cpioArchive(entries, { mtime: Math.floor(buildTime / 1000) });
  const packed = await compress(archive, options.compression, options.level);
  signal?.throwIfAborted();
  const { format = "initramfs" } = options;
  const bytes = await inFormat(packed, { ...options, format });
  await writeAtomic(output, bytes);
  return {
    output,
    format,
    size: bytes.length,
    unpackedSize: archive.length,
    sha256: sha256Hex(bytes),
    kernelVersion: version,
    modules: chosen.map(({ name }) => name),
    buildTime,
    notBefore,
    warnings: warningsFor(options, tables, chosen),
  };
}

/** The version of kernel and modules, which must be the same. */
async function matchingVersion(kernel: string, modules: string): Promise<string> {
  const ofModules = await fs.realpath(modules).then(basename, (thrown) => {
    throw toPlasmdError(thrown, `Cannot read modules directory "${modules}"`);
  });
  const ofKernel = kernelVersion(await readBounded(kernel, mediaLimits.kernelBytes));
  if (ofKernel === undefined || ofKernel === ofModules) return ofModules;
  throw new PlasmdError(
    "config",
    `Kernel "${kernel}" is version ${ofKernel}, the modules in "${modules}" are for ${ofModules}`,
    { hint: `give the modules of that kernel: --modules /lib/modules/${ofKernel}` },
  );
}

/** Those of the always loaded ones that are modules here. */
function namesToLoad(chosen: readonly KernelModule[]): string[] {
  const names = new Set(chosen.map(({ name }) => name));
  return alwaysLoaded.filter((name) => names.has(name));
}

function program(path: string, bytes: Uint8Array): CpioEntry {
  return { kind: "file", path, bytes, mode: 0o755 };
}

/** plasmd and its parts lie in /run/phase: whatever root comes later has that directory too. */
async function executableEntries({ exe, arch }: ImageOptions): Promise<CpioEntry[]> {
  const bytes = await readExecutable(exe, arch);
  const unpacked = await unpackExecutable(bytes, exe);
  const at = "run/phase/bin/plasmd";
  if (unpacked === undefined) return [program(at, bytes)];
  const cache = "run/phase/cache";
  // The launcher believes only what nobody else can write. DESIGN 12
  return [
    program(at, unpacked.launcher),
    { kind: "directory", path: cache, mode: 0o700 },
    { kind: "directory", path: `${cache}/${unpacked.key}`, mode: 0o700 },
    ...unpacked.parts.map(({ name, bytes }): CpioEntry => ({
      kind: "file",
      path: `${cache}/${unpacked.key}/${name}`,
      bytes,
      mode: 0o500,
    })),
  ];
}

async function moduleEntries(
  directory: string,
  version: string,
  tables: ModuleTables,
  chosen: readonly KernelModule[],
  signal?: AbortSignal,
): Promise<CpioEntry[]> {
  const at = `lib/modules/${version}`;
  const entries: CpioEntry[] = [{ kind: "directory", path: at }];
  for (const [name, text] of Object.entries(tablesFor(tables, chosen))) {
    const bytes = new TextEncoder().encode(text);
    entries.push({ kind: "file", path: `${at}/modules.${name}`, bytes });
  }
  for (const module of chosen) {
    const bytes = await readModule(directory, module, signal);
    entries.push({ kind: "file", path: `${at}/${plainPath(module.path)}`, bytes });
  }
  return entries;
}

/** What an image can't do without, by the module that gives it. */
const needed = { af_packet: "DHCP", loop: "a rootfs", squashfs: "a rootfs", overlay: "a rootfs" };

function warningsFor(
  { trust }: ImageOptions,
  { builtin }: ModuleTables,
  chosen: readonly KernelModule[],
): string[] {
  const there = new Set([...builtin, ...chosen.map(({ name }) => name)]);
  const missing = Object.entries(needed).filter(([name]) => !there.has(name))
    .map(([name, what]) => `the kernel has no module ${name}: ${what} can't work`);
  if (trust.length > 0) return missing;
  return [...missing, "no --trust: who controls the kernel command line decides whom to trust"];
}
