/**
 * The one error type. A code says what to do about it; the two edges map it to an exit code
 * (`cli/exit.ts`) and to an HTTP status (`server/errors.ts`) with total tables.
 *
 * @module
 */

/** Every code that an error of ours can carry, with what it asks of the reader. */
export const errorCodes = [
  // What the person at the keyboard must change.
  "usage", // a wrong command line
  "config", // a wrong configuration or a setting that can't work
  "identity", // a key file that must not be used: mode, owner, length, link
  "artifacts", // an artifacts directory from which no image can be made
  // What the machine refuses.
  "io", // a file that can't be read or written
  "permission", // the operating system forbids it
  "no_space", // no room on the disk
  "address_in_use", // the port is taken
  "busy", // another process holds what we need
  "unsupported", // this machine or kernel can't do it
  // What verification refuses.
  "malformed", // bytes that are not canonical or don't fit the format
  "untrusted", // not enough valid signatures of trusted keys
  "wrong_target", // another channel or arch than asked for
  "expired",
  "not_yet_valid", // from the future, or older than the policy allows
  "rollback", // below what was accepted before
  "no_policy", // nothing says whom to trust
  "policy", // a policy that can't be used
  "mismatch", // bytes that differ from what was signed
  // What providers do.
  "unreachable", // no answer: try another, or again later
  "bad_source", // a provider that answered wrongly: drop it
  "transfer", // no provider is left
  "nothing_found", // nobody found in time
  // What a client of our server did.
  "bad_request",
  "unauthorized",
  "forbidden",
  "not_found",
  "method",
  "range",
  "precondition", // If-Match or If-Unmodified-Since does not hold
  "too_large",
  "too_many",
  "not_ready",
  "not_done", // what was asked for comes at the end of a job
  "changed", // a file changed while it was served
  // What a job is refused for.
  "module", // a WebAssembly module that is malformed or not allowed
  // The rest.
  "timeout",
  "cancelled",
  "failed",
  "internal", // a mistake of ours
] as const;

/** One of {@linkcode errorCodes}. */
export type ErrorCode = typeof errorCodes[number];

/** Who has to change something: the caller, a remote peer, this machine, or our own code. */
export type Blame = "user" | "peer" | "host" | "bug";

/** What an error can carry besides its code and message. */
export interface PlasmdErrorOptions {
  /** What to do next; printed on lines of its own. */
  readonly hint?: string;
  /** The private cause; it is logged, never sent to a peer. */
  readonly cause?: unknown;
  /** Who has to change something. */
  readonly blame?: Blame;
}

/** An error with a code that says what to do, a public message, a hint and a private cause. */
export class PlasmdError extends Error {
  override readonly name = "PlasmdError";
  /** What to do about it. */
  readonly code: ErrorCode;
  /** What to do next, for a person. */
  readonly hint?: string;
  /** Who has to change something. */
  readonly blame: Blame;

  constructor(code: ErrorCode, message: string, options: PlasmdErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.blame = options.blame ?? defaultBlame(code);
  }

  /** A part that is loaded late (lib/part.ts) carries this class a second time: both are one. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === "PlasmdError" && "blame" in value;
  }
}

function defaultBlame(code: ErrorCode): Blame {
  if (code === "internal") return "bug";
  if (/^(usage|config|identity|artifacts|no_policy|policy)$/.test(code)) return "user";
  if (
    /^(io|permission|no_space|address_in_use|busy|unsupported|changed|not_ready|failed)$/.test(code)
  ) return "host";
  return "peer";
}

/** The plain data of an error, to cross a Worker or process boundary. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly blame: Blame;
}

/**
 * Turns any thrown value into a {@linkcode PlasmdError}: ours as they are, those of the operating
 * system by their kind, an abort as `cancelled` or `timeout`, the rest as `internal`.
 */
export function toPlasmdError(thrown: unknown, doing?: string): PlasmdError {
  if (thrown instanceof PlasmdError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const text = doing === undefined ? message : `${doing}: ${message}`;
  return new PlasmdError(codeOf(thrown), text, { cause: thrown });
}

const systemCodes: Record<string, ErrorCode> = {
  EACCES: "permission",
  EPERM: "permission",
  EROFS: "permission",
  ENOSPC: "no_space",
  EDQUOT: "no_space",
  EADDRINUSE: "address_in_use",
  EADDRNOTAVAIL: "config",
  ENOENT: "io",
  ENOTDIR: "io",
  EISDIR: "io",
  ELOOP: "io",
  EIO: "io",
  EEXIST: "io",
  EMFILE: "io",
  ENFILE: "io",
  ECONNREFUSED: "unreachable",
  ECONNRESET: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  ETIMEDOUT: "unreachable",
  ENOTFOUND: "unreachable",
};

function codeOf(thrown: unknown): ErrorCode {
  if (!(thrown instanceof Error)) return "internal";
  if (thrown.name === "TimeoutError") return "timeout";
  if (thrown.name === "AbortError") return "cancelled";
  const system = (thrown as { code?: unknown }).code;
  if (typeof system === "string" && system in systemCodes) return systemCodes[system]!;
  if (thrown instanceof Deno.errors.NotFound) return "io";
  if (thrown instanceof Deno.errors.PermissionDenied) return "permission";
  if (thrown instanceof Deno.errors.NotCapable) return "permission";
  if (thrown instanceof Deno.errors.AddrInUse) return "address_in_use";
  const os = /\(os error (\d+)\)/.exec(thrown.message)?.[1];
  if (os === "28" || os === "122") return "no_space";
  if (os === "30" || os === "13" || os === "1") return "permission";
  return os === undefined ? "internal" : "io";
}

/** The data of an error, without cause or stack. */
export function errorData(thrown: unknown): ErrorData {
  const { code, message, hint, blame } = toPlasmdError(thrown);
  return { code, message, hint, blame };
}

/** The error that {@linkcode errorData} described. */
export function errorFromData(data: ErrorData): PlasmdError {
  return new PlasmdError(data.code, data.message, { hint: data.hint, blame: data.blame });
}
