/**
 * From verified files to what the kernel loads: a sealed kernel, a sealed initramfs with the
 * handover behind it, and the next command line.
 *
 * @module
 */

import { join } from "node:path";
import type { Arch, ArtifactName } from "../formats/names.ts";
import { artifactNames } from "../formats/names.ts";
import { PlasmdError } from "../lib/errors.ts";
import type { VerifiedManifest } from "../trust/verified.ts";
import { appendHandover } from "./handover.ts";
import type { KexecImage } from "./kexec.ts";
import type { Libc } from "./libc.ts";
import { type ArtifactSizes, handedOver, type Holding, type Memory } from "./memory.ts";
import { nextCmdline } from "./next_cmdline.ts";
import { openSealed, type SealedFile } from "./sealed.ts";

/** Files that were fetched, with the manifest that they are checked against once more. */
export interface FetchedImage {
  readonly verified: VerifiedManifest;
  /** Holds `kernel`, `initramfs` and `rootfs`. */
  readonly directory: string;
  /** URLs of the providers that served them. */
  readonly providers: readonly string[];
}

/** How an image is made ready. */
export interface SealOptions {
  /** The running kernel's command line. */
  readonly running: string;
  /** The arch of this machine. */
  readonly arch: Arch;
  /** Memory as it is now, and where the files lie. */
  readonly memory: Memory;
  readonly holding: Holding;
  readonly signal: AbortSignal;
}

/** An image that is ready to be loaded. Disposing it frees its memory. */
export interface SealedImage extends KexecImage, Disposable {
  readonly handedOver: readonly ArtifactName[];
  readonly leftOut: readonly ArtifactName[];
}

/** Bytes of each artifact that a client knows. */
export function sizesOf({ manifest: { artifacts } }: VerifiedManifest): ArtifactSizes {
  return {
    kernel: artifacts.kernel.size,
    ...Object.fromEntries(
      artifactNames.flatMap((name) => {
        const size = artifacts[name]?.size;
        return size === undefined ? [] : [[name, size]];
      }),
    ),
  };
}

/**
 * Copies an image into sealed memory, every byte hashed against the manifest on the way.
 *
 * @throws {PlasmdError} `wrong_target` for another arch's image, `mismatch` where a file differs,
 * `config` or `malformed` for a command line that can't be used
 */
export async function sealImage(
  image: FetchedImage,
  options: SealOptions,
  libc: Libc,
): Promise<SealedImage> {
  const { manifest } = image.verified;
  requireArch(manifest.arch, options.arch);
  const cmdline = nextCmdline({ manifest: manifest.cmdline, running: options.running });
  using made = new DisposableStack();
  const kernel = made.use(await sealKernel(image, options, libc));
  const along = handedOver(sizesOf(image.verified), options.memory, options.holding);
  const initramfs = await sealInitramfs(image, { kernel, along }, options, libc);
  if (initramfs !== undefined) made.use(initramfs);
  const kept = made.move();
  return {
    kernel,
    initramfs,
    cmdline,
    handedOver: along,
    leftOut: artifactNames.filter((name) => manifest.artifacts[name] && !along.includes(name)),
    [Symbol.dispose]: () => kept.dispose(),
  };
}

function requireArch(image: Arch, machine: Arch): void {
  if (image === machine) return;
  throw new PlasmdError(
    "wrong_target",
    `Cannot start this image: it is for ${image}, this machine is ${machine}`,
  );
}

async function sealKernel(
  { verified, directory }: FetchedImage,
  options: SealOptions,
  libc: Libc,
): Promise<SealedFile> {
  const writer = openSealed(libc, "kernel");
  try {
    const { kernel } = verified.manifest.artifacts;
    await writer.appendArtifact(join(directory, "kernel"), kernel, options);
    return writer.seal();
  } catch (thrown) {
    writer[Symbol.dispose]();
    throw thrown;
  }
}

async function sealInitramfs(
  { verified, directory, providers }: FetchedImage,
  { kernel, along }: { readonly kernel: SealedFile; readonly along: readonly ArtifactName[] },
  options: SealOptions,
  libc: Libc,
): Promise<SealedFile | undefined> {
  const { initramfs } = verified.manifest.artifacts;
  if (initramfs === undefined) return undefined;
  const writer = openSealed(libc, "initramfs");
  try {
    await writer.appendArtifact(join(directory, "initramfs"), initramfs, options);
    await appendHandover(writer, {
      verified,
      directory,
      artifacts: along,
      providers,
      sealed: { kernel, initramfs: writer },
    }, options);
    return writer.seal();
  } catch (thrown) {
    writer[Symbol.dispose]();
    throw thrown;
  }
}
