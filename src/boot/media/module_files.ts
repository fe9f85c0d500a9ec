/**
 * Reads a kernel's modules directory: depmod's tables, and module files as they are without
 * compression (busybox can't load .ko.zst, and the image is compressed as a whole).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip, zstdDecompress } from "node:zlib";
import { PlasmdError, toPlasmdError } from "../../lib/errors.ts";
import { readBounded, readBoundedIfThere } from "../../lib/files.ts";
import { mediaLimits } from "../../lib/limits.ts";
import type { KernelModule, ModuleTexts } from "./modules.ts";

/**
 * Reads depmod's tables.
 *
 * @throws {PlasmdError} `config` where depmod hasn't run
 */
export async function readModuleTexts(directory: string): Promise<ModuleTexts> {
  const text = async (name: string) => {
    const bytes = await readBoundedIfThere(join(directory, name), mediaLimits.moduleTableBytes);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };
  const dep = await text("modules.dep");
  if (dep === undefined) {
    throw new PlasmdError("config", `No modules.dep in "${directory}"`, {
      hint: "give the directory of one kernel version, as in /lib/modules/6.1.0-13-amd64\n" +
        "where it is that, write the file: depmod -b ROOT VERSION",
    });
  }
  return {
    dep,
    alias: await text("modules.alias"),
    softdep: await text("modules.softdep"),
    builtin: await text("modules.builtin"),
  };
}

/**
 * The bytes of a module, unpacked.
 *
 * @throws {PlasmdError} `io` where it can't be read, `config` where it can't be unpacked
 */
export async function readModule(
  directory: string,
  { path }: KernelModule,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const bytes = await readBounded(join(directory, path), mediaLimits.moduleBytes);
  try {
    const plain = await unpack(path, bytes, signal);
    // ELF; what else the file may hold is the kernel's to judge, and signatures stay on.
    if (new TextDecoder("latin1").decode(plain.subarray(0, 4)) !== "\x7fELF") {
      throw new Error("it is no ELF file");
    }
    return plain;
  } catch (thrown) {
    if (signal?.aborted || thrown instanceof PlasmdError) throw toPlasmdError(thrown);
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new PlasmdError("config", `Cannot unpack module "${join(directory, path)}": ${reason}`);
  }
}

async function unpack(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
  const options = { maxOutputLength: mediaLimits.moduleBytes };
  if (path.endsWith(".gz")) return await promisify(gunzip)(bytes, options);
  if (path.endsWith(".zst")) return await promisify(zstdDecompress)(bytes, options);
  if (path.endsWith(".xz")) return await unxz(bytes, signal);
  return bytes;
}

/** Neither Deno nor npm has a kept xz; every distribution whose modules are .xz has the program. */
function unxz(bytes: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const child = spawn("xz", ["-dc"], { stdio: ["pipe", "pipe", "ignore"], signal });
  const parts: Uint8Array[] = [];
  let total = 0;
  child.stdout.on("data", (part: Uint8Array) => {
    total += part.length;
    if (total > mediaLimits.moduleBytes) child.kill();
    else parts.push(part);
  });
  child.on("error", (error: Error & { code?: string }) =>
    reject(
      error.code !== "ENOENT" ? error : new PlasmdError("config", "Modules are packed with xz", {
        hint: "install the program that unpacks them: apt install xz-utils",
      }),
    ));
  child.on(
    "close",
    (code) =>
      code === 0 ? resolve(Buffer.concat(parts)) : reject(new Error(`xz ended with ${code}`)),
  );
  child.stdin.on("error", () => {}); // it ended early: its exit code says why
  child.stdin.end(bytes);
  return promise;
}
