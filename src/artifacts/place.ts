/**
 * What is known of one channel and arch while its files are followed: what was tried last, why it
 * didn't do, and when to try again.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import type { PlasmdError } from "../lib/errors.ts";
import { watchLimits } from "../lib/limits.ts";
import type { FileHash } from "./hash.ts";
import type { Image } from "./image.ts";
import type { Target } from "./scan.ts";

/** The state of one channel and arch. */
export interface Place {
  readonly target: Target;
  /** What it looked like when it was last tried. */
  tried?: string;
  /** What was hashed last, so that a second try costs nothing. */
  known: readonly FileHash[];
  /** The id of the manifest whose expiry was told. */
  expired?: string;
  /** Notes that what looks like this is tried now. */
  begin(looks: string): void;
  succeeded(): void;
  failed(error: PlasmdError): void;
  /** Whether what failed is to be tried again, although nothing has changed. */
  retryIsDue(): boolean;
  /** Notes that the manifest is as new as it has to be. */
  signed(): void;
  notSigned(error: PlasmdError): void;
  /** Whether signing may be tried. */
  signingIsDue(): boolean;
  /** What is in the way now. */
  errors(): readonly PlasmdError[];
}

/** Starts with the image that is served. */
export function openPlace(
  { channel, arch }: Target,
  image: Image | undefined,
  { clock, log }: Deps,
): Place {
  let retryMs: number = watchLimits.rescanMs;
  let retryAt = 0;
  let signAt = 0;
  let error: PlasmdError | undefined;
  let signError: PlasmdError | undefined;

  function tell(now: PlasmdError, before: PlasmdError | undefined): void {
    if (before !== undefined && withoutNumbers(now) === withoutNumbers(before)) return;
    const { code, message: reason } = now;
    log.warn("What lies there is not served: the last image stays", {
      channel,
      arch,
      code,
      reason,
    });
  }

  return {
    target: { channel, arch },
    known: [...image?.hashed.hashes.values() ?? []],
    begin(looks) {
      if (this.tried !== looks) retryMs = watchLimits.rescanMs;
      this.tried = looks;
    },
    succeeded() {
      error = signError = undefined;
    },
    failed(now) {
      tell(now, error);
      error = now;
      retryAt = clock.steady() + retryMs;
      retryMs = Math.min(2 * retryMs, watchLimits.retryMs);
    },
    retryIsDue: () => error !== undefined && clock.steady() >= retryAt,
    signed() {
      signError = undefined;
    },
    notSigned(now) {
      signAt = clock.steady() + watchLimits.rescanMs;
      // Its new bytes are on their way to be hashed and signed.
      if (now.code === "changed") return;
      tell(now, signError);
      signError = now;
    },
    signingIsDue: () => clock.steady() >= signAt,
    errors: () => [error, signError].filter((one) => one !== undefined),
  };
}

/** Times and sizes in a message differ at each try. */
function withoutNumbers({ message }: PlasmdError): string {
  return message.replace(/\d+/g, "");
}
