/**
 * The key file: a raw 32-byte Ed25519 seed that nobody else can read or replace. DESIGN 4.
 *
 * @module
 */

import { type BigIntStats, constants, type Stats } from "node:fs";
import * as fs from "node:fs/promises";
import { dirname, resolve } from "node:path";
import process from "node:process";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { writeAtomic } from "../lib/files.ts";
import { publicKeyFromSeed } from "./ed25519.ts";
import { keyidOf, peerIdOf } from "./keyid.ts";
import { identityPlace } from "./place.ts";

/** A key that can sign. */
export interface Identity {
  /** 32 bytes. */
  readonly seed: Uint8Array<ArrayBuffer>;
  /** `ed25519:` and 64 hex digits of the public key. */
  readonly keyid: string;
  /** The libp2p peer id (12D3Koo...). */
  readonly peerId: string;
  /** Where it lies. */
  readonly file: string;
}

const seedBytes = 32;

/**
 * Reads a key file, by default that of this machine or user.
 *
 * @throws {PlasmdError} `identity` where there is none, or where it must not be used
 */
export async function readIdentity(file?: string): Promise<Identity> {
  const path = file ?? usualPlace();
  const identity = await readIfThere(path);
  if (identity !== undefined) return identity;
  throw new PlasmdError("identity", `There is no key file "${path}"`, {
    hint: `make one: plasmd identity new${file === undefined ? "" : ` --file ${file}`}`,
  });
}

/**
 * Makes a new key; an existing file is never replaced.
 *
 * @throws {PlasmdError} `identity` where the file exists or its directory is open to others
 */
export async function createIdentity(
  file: string | undefined,
  deps: Pick<Deps, "random">,
): Promise<Identity> {
  const path = file ?? usualPlace();
  const identity = await createIfMissing(path, deps);
  if (identity !== undefined) return identity;
  throw new PlasmdError("identity", `There is already something at "${path}"`, {
    hint: "a key is never replaced: move the file away first, if it is not needed any more",
  });
}

/** Reads the key, or makes it where there is none. Of two that make it at once, one wins. */
export async function readOrCreateIdentity(
  file: string | undefined,
  deps: Pick<Deps, "random">,
): Promise<Identity> {
  const path = file ?? usualPlace();
  return await readIfThere(path) ?? await createIfMissing(path, deps) ?? await readIdentity(path);
}

/** The identity of a 32-byte seed that lies in `file`. */
export function identityFromSeed(seed: Uint8Array, file: string): Identity {
  const publicKey = publicKeyFromSeed(seed);
  return {
    seed: Uint8Array.from(seed),
    keyid: keyidOf(publicKey),
    peerId: peerIdOf(publicKey),
    file,
  };
}

function usualPlace(): string {
  const env = (name: string) => Deno.env.get(name);
  return identityPlace({ env, euid: process.geteuid?.(), os: Deno.build.os });
}

async function readIfThere(path: string): Promise<Identity | undefined> {
  try {
    // O_NOFOLLOW and fstat: what is checked is what is read. O_NONBLOCK: a pipe must not hang us.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const handle = await fs.open(path, flags);
    try {
      checkFile(path, await handle.stat());
      await checkDirectory(path);
      const buffer = new Uint8Array(seedBytes);
      const { bytesRead } = await handle.read(buffer, 0, seedBytes, 0);
      if (bytesRead !== seedBytes) refuse(path, `it has ${bytesRead} bytes, a key has 32`);
      return identityFromSeed(buffer, path);
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    const code = (thrown as { code?: unknown }).code;
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP" || code === "EMLINK") refuse(path, "it is a link");
    throw toPlasmdError(thrown, `Cannot read key file "${path}"`);
  }
}

function checkFile(path: string, stat: Stats | BigIntStats): void {
  const mode = Number(stat.mode) & 0o7777;
  // DESIGN 4: a regular file of the effective user, mode 0600, 32 bytes.
  if (!stat.isFile()) refuse(path, "it is not a regular file");
  const euid = process.geteuid?.();
  if (euid !== undefined && Number(stat.uid) !== euid) {
    refuse(path, `it belongs to user ${stat.uid}, and this program runs as user ${euid}`);
  }
  if ((mode & 0o177) !== 0) {
    const text = `0${mode.toString(8).padStart(3, "0")}`;
    refuse(path, `its mode is ${text}, and must be 0600`, `chmod 600 ${path}`);
  }
  if (Number(stat.size) !== seedBytes) refuse(path, `it has ${stat.size} bytes, a key has 32`);
}

/** DESIGN 4: who can write the directory could put another key in the place of this one. */
async function checkDirectory(path: string): Promise<void> {
  const directory = dirname(resolve(path));
  const stat = await fs.stat(directory);
  const euid = process.geteuid?.();
  if (euid !== undefined && stat.uid !== 0 && stat.uid !== euid) {
    refuse(path, `its directory belongs to user ${stat.uid}`);
  }
  if ((stat.mode & 0o022) !== 0) {
    refuse(path, `other users can write its directory`, `chmod go-w ${directory}`);
  }
}

async function createIfMissing(
  path: string,
  { random }: Pick<Deps, "random">,
): Promise<Identity | undefined> {
  const seed = random.bytes(seedBytes);
  try {
    await fs.mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await checkDirectory(path);
  } catch (thrown) {
    throw toPlasmdError(thrown, `Cannot make key file "${path}"`);
  }
  try {
    await writeAtomic(path, seed, { mode: 0o600, exclusive: true });
  } catch (thrown) {
    const cause = (thrown as { cause?: { code?: unknown } }).cause;
    if (cause?.code === "EEXIST") return undefined;
    throw thrown;
  }
  return identityFromSeed(seed, path);
}

function refuse(path: string, why: string, hint?: string): never {
  throw new PlasmdError("identity", `Cannot use key file "${path}": ${why}`, { hint });
}
