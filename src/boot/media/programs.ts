/**
 * The two programs that an image holds. Both must run where there is no library at all.
 *
 * @module
 */

import type { Arch } from "../../formats/names.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { readBounded } from "../../lib/files.ts";
import { mediaLimits } from "../../lib/limits.ts";
import { elfFacts } from "./elf.ts";

const debianArch = { arm64: "arm64", x86_64: "amd64" } as const;

/**
 * The plasmd executable for this arch.
 *
 * @throws {PlasmdError} `config` where it can't run in the image
 */
export function readExecutable(path: string, arch: Arch): Promise<Uint8Array> {
  return readProgram(path, arch, {
    what: "plasmd executable",
    needsLibraries: "give one that deno task compile has built",
    otherArch: `give the executable for ${arch} with --exe`,
  });
}

/**
 * A static busybox for this arch.
 *
 * @throws {PlasmdError} `config` where it can't run in the image
 */
export function readBusybox(path: string, arch: Arch): Promise<Uint8Array> {
  const get = `get it as ${path}: apt install busybox-static\nor give one with --busybox`;
  return readProgram(path, arch, {
    what: "busybox",
    missing: get,
    needsLibraries: get,
    otherArch: `get the right one: apt-get download busybox-static:${debianArch[arch]}, ` +
      "then dpkg -x, and give it with --busybox",
  });
}

/** What to say of a program that can't be used. */
interface Words {
  readonly what: string;
  readonly missing?: string;
  readonly needsLibraries: string;
  readonly otherArch: string;
}

async function readProgram(path: string, arch: Arch, words: Words): Promise<Uint8Array> {
  const refuse = (why: string, hint?: string) => {
    throw new PlasmdError("config", `Cannot use ${words.what} "${path}": ${why}`, { hint });
  };
  let bytes: Uint8Array;
  try {
    bytes = await readBounded(path, mediaLimits.programBytes);
  } catch (thrown) {
    const cause = (thrown as { cause?: { code?: string } }).cause;
    if (cause?.code !== "ENOENT") throw thrown;
    throw new PlasmdError("config", `There is no ${words.what} "${path}"`, { hint: words.missing });
  }
  const facts = elfFacts(bytes);
  if (facts === undefined) refuse("it is no 64-bit ELF program");
  else if (facts.arch !== arch) {
    refuse(
      `it is for ${facts.arch ?? "an unknown machine"}, the image is for ${arch}`,
      words.otherArch,
    );
  } else if (!facts.isStatic) refuse("it is not static", words.needsLibraries);
  return bytes;
}
