/**
 * The server's limits as a type whose values can be chosen.
 *
 * @module
 */

import type { serverLimits } from "../lib/limits.ts";

/** Every limit of the server: those of lib/limits.ts unless others are given. */
export type ServerLimits = { readonly [Name in keyof typeof serverLimits]: number };

/** The limits that can change while a server runs. */
export type ChangeableLimits = Pick<
  ServerLimits,
  | "connections"
  | "connectionsPerAddress"
  | "bytesPerSecond"
  | "bytesPerSecondPerAddress"
  | "stalledMs"
  | "drainMs"
>;
