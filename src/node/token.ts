/**
 * The token that opens private views: a file in the state directory that only its owner may read.
 * DESIGN 7.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { join } from "node:path";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { readBounded, writeAtomic } from "../lib/files.ts";
import { serverLimits } from "../lib/limits.ts";

/** Name of the file in the state directory. */
export const tokenFile = "token";

/** Bytes of a token before they are written as base64url: nobody guesses 256 bits. */
const tokenBytes = 32;

/**
 * The provider's token, made where there is none; undefined where it can't be kept or must not be
 * used, and the log says why: a provider serves without it.
 */
export async function openToken(
  stateDir: string,
  { log, random }: Pick<Deps, "log" | "random">,
): Promise<string | undefined> {
  const path = join(stateDir, tokenFile);
  try {
    if (!await isThere(path)) {
      const token = random.bytes(tokenBytes).toBase64({ alphabet: "base64url", omitPadding: true });
      await writeAtomic(path, `${token}\n`, { mode: 0o600, exclusive: true });
    }
    return await readToken(path);
  } catch (thrown) {
    const { message, hint } = toPlasmdError(thrown);
    log.warn("There are no private views without a token", { reason: message, hint });
    return undefined;
  }
}

/**
 * Reads a token from its file.
 *
 * @throws {PlasmdError} `io` or `permission` where it can't be read, `config` where others may read
 * it too, or where it holds no token
 */
export async function readToken(path: string): Promise<string> {
  const bytes = await readBounded(path, serverLimits.tokenFileBytes, { followLinks: false });
  const { mode } = await fs.lstat(path);
  if ((mode & 0o077) !== 0) {
    throw new PlasmdError("config", `Cannot use "${path}": others may read it`, {
      hint: `make a new one: delete it and restart the provider, which writes it with mode 0600`,
    });
  }
  const token = new TextDecoder().decode(bytes).trim();
  if (/^[A-Za-z0-9_-]{22,512}$/.test(token)) return token;
  throw new PlasmdError("config", `Cannot use "${path}": it holds no token`, {
    hint: "delete it: the provider makes a new one when it starts",
  });
}

async function isThere(path: string): Promise<boolean> {
  return await fs.lstat(path).then(() => true, () => false);
}
