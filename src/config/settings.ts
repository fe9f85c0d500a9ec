/**
 * THE table of settings: key in provider.toml, flag, variable, default. Channels have keys of their
 * own in the file and no flags.
 *
 * @module
 */

import { formatLimits, jobLimits, serverLimits } from "../lib/limits.ts";

/** How the text of a variable becomes a value of the file. */
export type SettingKind = "text" | "number" | "boolean" | "list";

/** One setting. */
export interface Setting {
  /** Where it stands in provider.toml. */
  readonly key: string;
  /** The flag of `serve`, without its dashes and in camel case, where there is one. */
  readonly flag?: string;
  /** The environment variable. */
  readonly variable: string;
  readonly kind: SettingKind;
  /** Whether it is a time: its value is in milliseconds, and written like `30d`. */
  readonly time?: boolean;
  /** The value where nothing is said; times in milliseconds. */
  readonly fallback: unknown;
  /** Whether a change needs a restart: what the confinement or the socket fixes. */
  readonly restart: boolean;
}

const live = { restart: false } as const;
const fixed = { restart: true } as const;

/** All settings but those of channels, in the order of the file. */
export const settings: readonly Setting[] = [
  {
    key: "provider.enabled",
    variable: "PLASMD_ENABLED",
    kind: "boolean",
    fallback: true,
    ...fixed,
  },
  {
    key: "provider.host",
    flag: "host",
    variable: "PLASMD_HOST",
    kind: "text",
    fallback: "::",
    ...fixed,
  },
  {
    key: "provider.port",
    flag: "port",
    variable: "PLASMD_PORT",
    kind: "number",
    fallback: 8080,
    ...fixed,
  },
  {
    key: "provider.artifacts_dir",
    flag: "artifacts",
    variable: "PLASMD_ARTIFACTS",
    kind: "text",
    fallback: undefined,
    ...fixed,
  },
  {
    key: "provider.state_dir",
    flag: "stateDir",
    variable: "PLASMD_STATE_DIR",
    kind: "text",
    fallback: undefined,
    ...fixed,
  },
  {
    key: "provider.signing_key",
    flag: "signingKey",
    variable: "PLASMD_SIGNING_KEY",
    kind: "text",
    fallback: undefined,
    ...fixed,
  },
  {
    key: "provider.key_lists",
    flag: "keyLists",
    variable: "PLASMD_KEY_LISTS",
    kind: "text",
    fallback: undefined,
    ...live,
  },
  {
    key: "provider.expires_in",
    flag: "expiresIn",
    variable: "PLASMD_EXPIRES_IN",
    kind: "text",
    time: true,
    fallback: formatLimits.lifetimeDefaultMs,
    ...live,
  },
  {
    key: "provider.advertisement.dht",
    flag: "dht",
    variable: "PLASMD_DHT",
    kind: "boolean",
    fallback: true,
    ...fixed,
  },
  {
    key: "provider.advertisement.mdns",
    flag: "mdns",
    variable: "PLASMD_MDNS",
    kind: "boolean",
    fallback: true,
    ...fixed,
  },
  {
    key: "provider.limits.connections",
    variable: "PLASMD_LIMITS_CONNECTIONS",
    kind: "number",
    fallback: serverLimits.connections,
    ...live,
  },
  {
    key: "provider.limits.connections_per_address",
    variable: "PLASMD_LIMITS_CONNECTIONS_PER_ADDRESS",
    kind: "number",
    fallback: serverLimits.connectionsPerAddress,
    ...live,
  },
  {
    key: "provider.limits.bytes_per_second",
    variable: "PLASMD_LIMITS_BYTES_PER_SECOND",
    kind: "number",
    fallback: serverLimits.bytesPerSecond,
    ...live,
  },
  {
    key: "provider.limits.bytes_per_second_per_address",
    variable: "PLASMD_LIMITS_BYTES_PER_SECOND_PER_ADDRESS",
    kind: "number",
    fallback: serverLimits.bytesPerSecondPerAddress,
    ...live,
  },
  {
    key: "provider.limits.stalled",
    variable: "PLASMD_LIMITS_STALLED",
    kind: "text",
    time: true,
    fallback: serverLimits.stalledMs,
    ...live,
  },
  {
    key: "provider.limits.drain",
    variable: "PLASMD_LIMITS_DRAIN",
    kind: "text",
    time: true,
    fallback: serverLimits.drainMs,
    ...live,
  },
  {
    key: "network.p2p_port",
    flag: "p2pPort",
    variable: "PLASMD_P2P_PORT",
    kind: "number",
    fallback: 0,
    ...fixed,
  },
  {
    key: "network.bootstrap",
    flag: "bootstrap",
    variable: "PLASMD_BOOTSTRAP",
    kind: "list",
    fallback: [],
    ...fixed,
  },
  {
    key: "network.external_address",
    flag: "externalAddress",
    variable: "PLASMD_EXTERNAL_ADDRESS",
    kind: "list",
    fallback: [],
    ...fixed,
  },
  {
    key: "network.psk_file",
    variable: "PLASMD_PSK_FILE",
    kind: "text",
    fallback: undefined,
    ...fixed,
  },
  {
    key: "jobs.enabled",
    flag: "jobs",
    variable: "PLASMD_JOBS",
    kind: "boolean",
    fallback: false,
    ...fixed,
  },
  {
    key: "jobs.allow",
    flag: "jobAllow",
    variable: "PLASMD_JOBS_ALLOW",
    kind: "list",
    fallback: [],
    ...live,
  },
  {
    key: "jobs.concurrency",
    variable: "PLASMD_JOBS_CONCURRENCY",
    kind: "number",
    fallback: 2,
    ...live,
  },
  {
    key: "jobs.limits.wall",
    variable: "PLASMD_JOBS_WALL",
    kind: "text",
    time: true,
    fallback: jobLimits.wallDefaultMs,
    ...live,
  },
  {
    key: "jobs.limits.memory_bytes",
    variable: "PLASMD_JOBS_MEMORY_BYTES",
    kind: "number",
    fallback: jobLimits.memoryDefaultBytes,
    ...live,
  },
  {
    key: "jobs.limits.output_bytes",
    variable: "PLASMD_JOBS_OUTPUT_BYTES",
    kind: "number",
    fallback: jobLimits.outputDefaultBytes,
    ...live,
  },
];
