/**
 * How calls of WASI 0.2 fail: the error codes of files and streams.
 *
 * @module
 */

import { errno, WasiError } from "../wasi/abi.ts";

/** Thrown where the specification has the component trap. */
export class ComponentTrap extends Error {}

/** Preview 1 error → `wasi:filesystem/types.error-code`. */
const codes: Readonly<Record<number, string>> = {
  [errno.acces]: "access",
  [errno.badf]: "bad-descriptor",
  [errno.exist]: "exist",
  [errno.fbig]: "file-too-large",
  [errno.ilseq]: "illegal-byte-sequence",
  [errno.inval]: "invalid",
  [errno.isdir]: "is-directory",
  [errno.loop]: "loop",
  [errno.nametoolong]: "name-too-long",
  [errno.noent]: "no-entry",
  [errno.nospc]: "insufficient-space",
  [errno.notdir]: "not-directory",
  [errno.notempty]: "not-empty",
  [errno.notsup]: "unsupported",
  [errno.perm]: "not-permitted",
  [errno.notcapable]: "not-permitted",
  [errno.rofs]: "read-only",
};

/** The error code of what a file operation threw; throws on what is no such error. */
export function fileErrorCode(thrown: unknown): string {
  if (!(thrown instanceof WasiError)) throw thrown;
  return codes[thrown.errno] ?? "io";
}

/** Runs a file operation; its error becomes the code that the call's result carries. */
export function fileResult<Value>(operation: () => Value): Value {
  try {
    return operation();
  } catch (thrown) {
    throw fileErrorCode(thrown);
  }
}

/** `wasi:io/error.error` */
export class IoError {
  /** The file's error code. */
  readonly code: string;

  constructor(code: string) {
    this.code = code;
  }

  /** What happened, for people. */
  toDebugString(): string {
    return this.code;
  }
}

/** `wasi:io/streams.stream-error` of a stream that is at its end. */
export const closed = { tag: "closed" } as const;

/** Runs an operation of a stream on a file; its error becomes a stream's. */
export function streamResult<Value>(operation: () => Value): Value {
  try {
    return operation();
  } catch (thrown) {
    if (thrown === closed) throw thrown;
    throw { tag: "last-operation-failed", val: new IoError(fileErrorCode(thrown)) };
  }
}
