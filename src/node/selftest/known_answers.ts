/**
 * Checks against published answers: they hold on every machine, or the machine computes wrongly.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { signEd25519 } from "../../identity/ed25519.ts";
import { verifyEd25519 } from "../../identity/verify_ed25519.ts";
import { fromHex, sha256Hex, toHex } from "../../lib/bytes.ts";
import type { Clock } from "../../lib/clock.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { bytesText } from "../../lib/text.ts";

/** What these checks need. */
export interface KnownAnswersContext {
  readonly deps: { readonly clock: Clock };
}

const hashedBytes = 64 * 1024 * 1024;

/** SHA-256 of "abc" (FIPS 180-4), and how fast more is hashed. */
export function checkHash({ deps: { clock } }: KnownAnswersContext): Promise<string> {
  const digest = sha256Hex(new TextEncoder().encode("abc"));
  if (digest !== "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") {
    throw new PlasmdError("mismatch", `SHA-256 of "abc" came out as ${digest}`);
  }
  const block = new Uint8Array(1024 * 1024);
  const hash = createHash("sha256");
  const startedAt = clock.steady();
  for (let done = 0; done < hashedBytes; done += block.length) hash.update(block);
  hash.digest();
  const perSecond = hashedBytes / Math.max(0.001, (clock.steady() - startedAt) / 1000);
  return Promise.resolve(`SHA-256 is right, ${bytesText(perSecond)}/s`);
}

// RFC 8032 7.1, test 3.
const seed = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";
const publicKey = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
const signature = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac" +
  "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";

/** A signature of RFC 8032 is made, accepted, and refused over anything else. */
export function checkSignature(): Promise<string> {
  const message = fromHex("af82")!;
  const made = signEd25519(fromHex(seed)!, message);
  if (toHex(made) !== signature) {
    throw new PlasmdError("mismatch", `The Ed25519 signature came out as ${toHex(made)}`);
  }
  if (!verifyEd25519(fromHex(publicKey)!, made, message)) {
    throw new PlasmdError("mismatch", "A good Ed25519 signature was refused");
  }
  if (verifyEd25519(fromHex(publicKey)!, made, fromHex("af83")!)) {
    throw new PlasmdError("mismatch", "An Ed25519 signature of other bytes was accepted");
  }
  return Promise.resolve("Ed25519 signs and verifies, and refuses other bytes");
}
