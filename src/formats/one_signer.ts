/**
 * Documents that one key signs, which they name: job specs, cancels, receipts. DESIGN 11.
 *
 * @module
 */

import type { Identity } from "../identity/key_file.ts";
import { PlasmdError } from "../lib/errors.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { type Members, membersOf, shown } from "./members.ts";
import { type Prefix, sign, type Signable, validSigners } from "./signed.ts";

/** What is known of a kind of such documents. */
export interface OneSignerKind {
  /** For messages: `job`, `receipt`. */
  readonly what: string;
  readonly prefix: Prefix;
  /** The member that holds the version, which is 1. */
  readonly version: string;
  /** The member that names the signer. */
  readonly signer: string;
  /** All other members but `signatures`. */
  readonly members: readonly string[];
}

/**
 * Checks version, names of members and the form of the one signature; returns readers for the rest.
 *
 * @throws {PlasmdError} `malformed`, naming the member
 */
export function checkFrame(object: JsonObject, kind: OneSignerKind): Members {
  const members = membersOf(kind.what);
  const { version, signer } = kind;
  if (object[version] !== 1) {
    members.refuse(version, `is ${shown(object[version])}: this program reads version 1`);
  }
  // Who signs and who checks must mean the same: what isn't known is refused, never ignored.
  members.only(object, [version, signer, ...kind.members, "signatures"]);
  members.keyid(object[signer], signer);
  members.signatures(object.signatures, "signatures");
  return members;
}

/**
 * Checks that the key which the document names has signed it, and nobody else.
 *
 * @throws {PlasmdError} `untrusted`
 */
export function checkSigner(object: JsonObject, { what, prefix, signer }: OneSignerKind): void {
  const named = object[signer] as JsonValue;
  const { signatures = [] } = object as Signable;
  // DESIGN 11: exactly one signature, so that one document has one byte string.
  if (signatures.length !== 1 || signatures[0]!.keyid !== named) {
    throw new PlasmdError("untrusted", `The ${what} is not signed by its ${signer} alone`);
  }
  if (validSigners(prefix, object as Signable).length !== 1) {
    throw new PlasmdError("untrusted", `The signature of the ${what} is not valid`);
  }
}

/** The bytes of a document that the key signs; who is named in it must be that key. */
export function sealOne(
  fields: JsonObject,
  kind: OneSignerKind,
  identity: Pick<Identity, "seed" | "keyid">,
): Uint8Array<ArrayBuffer> {
  if (fields[kind.signer] !== identity.keyid) {
    throw new PlasmdError("failed", `Cannot sign the ${kind.what}: it names another key`);
  }
  return sign(kind.prefix, { ...fields, signatures: [] } as Signable, [identity]);
}
