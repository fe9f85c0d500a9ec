/**
 * What an initramfs becomes: itself, a program that UEFI starts, or a disk image with that program.
 *
 * @module
 */

import { execFile } from "node:child_process";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Arch } from "../../formats/names.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { readBounded } from "../../lib/files.ts";
import { mediaLimits } from "../../lib/limits.ts";
import { printable } from "../../lib/text.ts";
import { programVersion } from "../../lib/version.ts";
import { bootDisk } from "./disk.ts";
import { unifiedKernelImage } from "./uki.ts";

/** What is written: an initramfs, a unified kernel image, or a disk that starts one. */
export type ImageFormat = "initramfs" | "uki" | "disk";

/** A key for Secure Boot, and the certificate that firmware knows it by; PEM files. */
export interface SigningFiles {
  readonly key: string;
  readonly cert: string;
}

/** How it is written. */
export interface FormatOptions {
  readonly format: ImageFormat;
  readonly arch: Arch;
  /** The kernel's file. */
  readonly kernel: string;
  readonly cmdline: string;
  /** systemd's stub; default: where Debian puts it. */
  readonly stub?: string;
  readonly sign?: SigningFiles;
  readonly signal?: AbortSignal;
}

/** Where Debian's systemd-boot-efi puts the stub of an arch. */
const stubs: Readonly<Record<Arch, string>> = {
  x86_64: "/usr/lib/systemd/boot/efi/linuxx64.efi.stub",
  arm64: "/usr/lib/systemd/boot/efi/linuxaa64.efi.stub",
};

/**
 * The bytes to write.
 *
 * @throws {PlasmdError} `config` for a stub, a key or a program that is missing or can't be used
 */
export async function inFormat(
  initramfs: Uint8Array,
  options: FormatOptions,
): Promise<Uint8Array> {
  const { format, arch, sign } = options;
  if (format === "initramfs") {
    if (sign === undefined) return initramfs;
    throw new PlasmdError("config", "An initramfs can't be signed: no firmware starts it", {
      hint: "give --format uki or --format disk",
    });
  }
  const plain = unifiedKernelImage({
    arch,
    stub: await readStub(options),
    kernel: await readBounded(options.kernel, mediaLimits.kernelBytes),
    initramfs,
    cmdline: kernelWords(options.cmdline),
    name: "Phase Boot",
    version: programVersion.version,
  });
  const program = sign === undefined ? plain : await signed(plain, sign, options.signal);
  return format === "uki" ? program : bootDisk(program, arch);
}

/**
 * The words of a command line that are the kernel's own. Those of ours lie in the image's settings,
 * where firmware can't take them away.
 */
export function kernelWords(cmdline: string): string {
  return cmdline.split(" ").filter((word) => word !== "" && !word.startsWith("phase.")).join(" ");
}

async function readStub({ arch, stub }: FormatOptions): Promise<Uint8Array> {
  const path = stub ?? stubs[arch];
  try {
    return await readBounded(path, mediaLimits.stubBytes);
  } catch (thrown) {
    throw new PlasmdError("config", `Cannot read the UEFI stub "${printable(path)}"`, {
      cause: thrown,
      hint: "apt install systemd-boot-efi\nor give systemd's stub for this arch with --stub",
    });
  }
}

/** Signs with sbsign, which makes the form that firmware checks. */
async function signed(
  program: Uint8Array,
  { key, cert }: SigningFiles,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const directory = await fs.mkdtemp(join(tmpdir(), "plasmd-sign-"));
  try {
    const [plain, output] = [join(directory, "plain.efi"), join(directory, "signed.efi")];
    await fs.writeFile(plain, program);
    const args = ["--key", key, "--cert", cert, "--output", output, plain];
    await promisify(execFile)("sbsign", args, { signal });
    return new Uint8Array(await fs.readFile(output));
  } catch (thrown) {
    throw signError(thrown);
  } finally {
    await fs.rm(directory, { recursive: true, force: true });
  }
}

function signError(thrown: unknown): PlasmdError {
  const { code, stderr } = thrown as { code?: unknown; stderr?: string };
  if (code === "ENOENT") {
    return new PlasmdError("config", 'Cannot sign the image: there is no program "sbsign"', {
      cause: thrown,
      hint: "apt install sbsigntool",
    });
  }
  const why = printable((stderr ?? "").trim().split("\n").at(-1) || "sbsign failed");
  return new PlasmdError("config", `Cannot sign the image: ${why}`, {
    cause: thrown,
    hint: "give a private key with --sign-key and its certificate with --sign-cert, PEM files",
  });
}
