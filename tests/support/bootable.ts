/**
 * A small image that can be "booted" in a test: its providers, and the parts of a boot that start
 * nothing.
 *
 * @module
 */

import { bootFetch } from "../../src/boot/fetch.ts";
import { openKexec } from "../../src/boot/kexec.ts";
import type { Memory } from "../../src/boot/memory.ts";
import type { BootParts, BootRunOptions } from "../../src/boot/run.ts";
import type { ManifestFields } from "../../src/formats/manifest.ts";
import type { Identity } from "../../src/identity/key_file.ts";
import { testBytes } from "./artifacts.ts";
import type { Behave } from "./fake_origin.ts";
import { type FakeLibc, fakeLibc, type FakeLibcFaults } from "./fake_libc.ts";
import { rangeReply } from "./image_origin.ts";
import { artifactOf, signedManifest } from "./manifests.ts";
import { quickLimits } from "./quick.ts";
import { testPolicy } from "./verified.ts";

/** An image in memory: bytes by the last part of a URL's path. */
export type BootableFiles = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

/** Makes an image; another seed gives other bytes. */
export function bootable(
  changes: Partial<ManifestFields> = {},
  { seed = 1, signers }: { readonly seed?: number; readonly signers?: readonly Identity[] } = {},
): BootableFiles {
  const kernel = testBytes(3000, seed);
  const initramfs = testBytes(5001, seed + 1);
  const rootfs = testBytes(600_000, seed + 2);
  const artifacts = {
    kernel: artifactOf(kernel, "/kernel"),
    initramfs: artifactOf(initramfs, "/initramfs"),
    rootfs: artifactOf(rootfs, "/rootfs"),
  };
  const manifest = signedManifest({ arch: "x86_64", artifacts, ...changes }, signers);
  return { kernel, initramfs, rootfs, "manifest.json": manifest };
}

/** Serves an image; `change` may alter the bytes of a file. */
export function serving(
  files: BootableFiles,
  change: (name: string, bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> = (_, same) =>
    same,
): Behave {
  return (request) => {
    const name = request.path.split("/").at(-1)!;
    const file = files[name];
    if (file === undefined) return { status: 404 };
    return rangeReply(request, file, (bytes) => change(name, bytes));
  };
}

/** Serves an image with a wrong rootfs. */
export function tampering(files: BootableFiles): Behave {
  return serving(files, (name, bytes) => name === "rootfs" ? bytes.fill(0) : bytes);
}

/** The parts of a boot, and what they did. */
export interface FakeParts extends BootParts {
  readonly libc: FakeLibc;
}

/** How a machine of a test is. */
export interface FakeMachine extends FakeLibcFaults {
  readonly memory?: Memory;
  readonly inMemory?: boolean;
}

const plenty: Memory = { total: 4e9, available: 3e9 };

/** Parts that really fetch from these providers, and start nothing. */
export function fakeParts(urls: readonly string[], machine: FakeMachine = {}): FakeParts {
  const libc = fakeLibc(machine);
  return {
    libc,
    kexec: openKexec(libc, "x86_64", { state: {}, random: (bytes) => new Uint8Array(bytes) }),
    discover: () => Promise.resolve(urls),
    fetch: (options, deps) => bootFetch({ ...options, limits: quickLimits }, deps),
    memory: () => Promise.resolve(machine.memory ?? plenty),
    inMemory: () => Promise.resolve(machine.inMemory ?? false),
  };
}

/** The options of a boot in a directory of the test. */
export function bootOptions(
  directory: string,
  changes: Partial<BootRunOptions> = {},
): BootRunOptions {
  return {
    policy: testPolicy(),
    channel: "stable",
    arch: "x86_64",
    running: "console=ttyS0 phase.serve=1",
    output: `${directory}/boot`,
    removeFiles: true,
    stateDir: `${directory}/state`,
    dryRun: false,
    signal: new AbortController().signal,
    ...changes,
  };
}
