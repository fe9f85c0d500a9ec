/**
 * Builders of key lists for tests.
 *
 * @module
 */

import {
  buildKeyList,
  type KeyList,
  type KeyListFields,
  keyListPrefix,
  type KeyRole,
} from "../../src/formats/key_list.ts";
import { sign } from "../../src/formats/signed.ts";
import type { Identity } from "../../src/identity/key_file.ts";

/** A role of these keys. */
export function roleOf(identities: readonly Identity[], threshold = 1): KeyRole {
  return { keys: identities.map(({ keyid }) => keyid), threshold };
}

/** What a test's list says where it says nothing else. */
export interface TestList extends Partial<KeyListFields> {
  readonly list_version: number;
  readonly root: KeyRole;
  readonly publish: KeyRole;
}

/** A key list that these keys have signed. */
export function signedKeyList(fields: TestList, identities: readonly Identity[]): KeyList {
  const list = buildKeyList({
    created_at: "2025-11-20T12:00:00Z",
    expires_at: "2026-05-20T12:00:00Z",
    ...fields,
  });
  return signAgain(list, identities);
}

/** A list with the signatures of these keys added. */
export function signAgain(list: KeyList, identities: readonly Identity[]): KeyList {
  return JSON.parse(new TextDecoder().decode(sign(keyListPrefix, list, identities)));
}
