/**
 * The members of a signed document, read one by one; what is wrong is refused with its name.
 *
 * @module
 */

import { publicKeyOf } from "../identity/keyid.ts";
import { fromBase64 } from "../lib/bytes.ts";
import { PlasmdError } from "../lib/errors.ts";
import { formatLimits as limits } from "../lib/limits.ts";
import { bytesText, printable } from "../lib/text.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { parseTime } from "./time.ts";

/** Readers that refuse in the name of one kind of document. `at` is what goes before a name. */
export interface Members {
  /** The value as an object. */
  object(value: JsonValue | undefined, name: string): JsonObject;
  /** The value as a list. */
  list(value: JsonValue | undefined, name: string): readonly JsonValue[];
  /** A member that is text. */
  text(from: JsonObject, member: string, at?: string): string;
  /** A member that is a time, in milliseconds since 1970. */
  time(from: JsonObject, member: string, at?: string): number;
  /** The value as a whole number within bounds. */
  whole(value: JsonValue | undefined, name: string, min: number, max: number): number;
  /** The value as `sha256:` and 64 lower-case hex digits. */
  digest(value: JsonValue | undefined, name: string): string;
  /** The value as a keyid in its one spelling. */
  keyid(value: JsonValue | undefined, name: string): string;
  /** Refuses an object with a member that isn't named. */
  only(from: JsonObject, names: readonly string[], at?: string): void;
  /** Checks the form of `signatures`; whether they are valid is another question. */
  signatures(value: JsonValue | undefined, name: string): void;
  /** The `malformed` error of a member. */
  refuse(name: string, why: string): never;
}

/** Readers for a kind of document; `what` is its name in messages. */
export function membersOf(what: string): Members {
  const refuse = (name: string, why: string): never => {
    throw new PlasmdError("malformed", `Cannot accept the ${what}: "${printable(name)}" ${why}`);
  };
  const members: Members = {
    refuse,
    object(value, name) {
      if (value !== null && typeof value === "object" && !Array.isArray(value)) {
        return value as JsonObject;
      }
      return refuse(name, value === undefined ? "is missing" : "must be an object");
    },
    list: (value, name) => Array.isArray(value) ? value : refuse(name, "must be a list"),
    text(from, member, at = "") {
      const value = from[member];
      if (typeof value === "string") return value;
      return refuse(at + member, value === undefined ? "is missing" : "must be text");
    },
    time: (from, member, at = "") =>
      parseTime(members.text(from, member, at)) ??
        refuse(at + member, 'must be a date and time like "2025-11-26T12:00:00Z"'),
    whole(value, name, min, max) {
      if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) {
        return value;
      }
      const to = min >= 1024 || max === limits.artifactBytes ? bytesText(max) : String(max);
      return refuse(name, `must be a whole number from ${min} to ${to}, and is ${shown(value)}`);
    },
    digest(value, name) {
      if (typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value)) return value;
      return refuse(name, 'must be "sha256:" and 64 lower-case hex digits');
    },
    keyid(value, name) {
      if (typeof value !== "string") return refuse(name, "must be a keyid");
      checkKeyid(value, name, members);
      return value;
    },
    only(from, names, at = "") {
      const other = Object.keys(from).find((name) => !names.includes(name));
      if (other !== undefined) refuse(at + other, "is not known");
    },
    signatures(value, name) {
      const entries = members.list(value, name);
      if (entries.length > limits.signatures) {
        refuse(name, `has ${entries.length} entries, limit is ${limits.signatures}`);
      }
      entries.forEach((entry, i) => checkSignature(entry, `${name}[${i}]`, members));
    },
  };
  return members;
}

/** A value of a peer's document, for a message. */
export function shown(value: JsonValue | undefined): string {
  return value === undefined ? "missing" : printable(JSON.stringify(value), 60);
}

function checkSignature(value: JsonValue, at: string, members: Members): void {
  const entry = members.object(value, at);
  if (Object.keys(entry).sort().join() !== "keyid,sig") {
    members.refuse(at, "must hold exactly keyid and sig");
  }
  checkKeyid(members.text(entry, "keyid", `${at}.`), `${at}.keyid`, members);
  if (fromBase64(members.text(entry, "sig", `${at}.`))?.length !== 64) {
    members.refuse(`${at}.sig`, "must be canonical base64 of 64 bytes");
  }
}

/** Checks the spelling of a keyid; whether it is a good point, verification asks. */
export function checkKeyid(keyid: string, name: string, members: Members): void {
  if (publicKeyOf(keyid) === undefined) {
    members.refuse(name, 'must be "ed25519:" and 64 lower-case hex digits');
  }
}
