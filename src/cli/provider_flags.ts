/**
 * The flags of commands that ask a running provider, and how its answers are printed.
 *
 * @module
 */

import { bytesText, durationText, printable } from "../lib/text.ts";
import type {
  ArtifactReport,
  HealthReport,
  PrivateReport,
  StatusReport,
} from "../server/report.ts";
import type { DhtReport } from "../server/discovery_report.ts";
import { columns } from "./columns.ts";
import { textFlag } from "./command.ts";
import { parseSeconds } from "./parse.ts";

/** Whom to ask, and how long. */
export type ProviderFlags = {
  readonly addr?: string;
  readonly timeout?: number;
  readonly json: boolean;
};

/** Where a provider listens unless told otherwise. */
export const defaultAddress = "http://127.0.0.1:8080";

/** `--addr URL`. */
export const addrFlag: ReturnType<typeof textFlag<"URL">> = textFlag(
  `The provider's URL or host:port, instead of ${defaultAddress}`,
  "URL",
);

/** `--timeout SECONDS`. */
export const timeoutFlag = {
  kind: "parsed",
  parse: parseSeconds,
  brief: "Give up after so long, instead of 5 seconds",
  placeholder: "SECONDS",
  optional: true,
} as const;

/** How a provider is, for people. */
export function statusText(
  address: string,
  { provider, manifests, artifacts, discovery }: StatusReport,
  { status, checks }: HealthReport,
): string {
  const failed = Object.entries(checks).filter(([, passed]) => !passed).map(([name]) => name);
  const top = columns([
    ["provider", `plasmd ${printable(provider.version)} at ${printable(address)}`],
    ["health", failed.length === 0 ? status : `${status}: ${printable(failed.join(", "))} failed`],
    ["keyid", printable(provider.keyid)],
    ["peer id", printable(provider.peer_id)],
    ["up for", durationText(provider.uptime_seconds * 1000)],
  ]);
  const served = manifests.flatMap(({ channel, arch, version, expires_at: expires }) => [
    `${printable(`${channel}/${arch}`)} version ${printable(version)}, valid until ${
      printable(expires)
    }`,
    ...columns(
      artifacts.filter((it) => it.channel === channel && it.arch === arch)
        .map(({ name, size }) => [`  ${printable(name)}`, bytesText(size).padStart(9)]),
    ),
  ]);
  const found = discovery?.dht === undefined ? [] : dhtLines(discovery.dht);
  const images = served.length === 0 ? ["Nothing is served yet"] : served;
  return [...top, ...images, ...found].join("\n");
}

/** What only the token shows, for people. */
export function privateText({ clients, paths, problems }: PrivateReport): string {
  const where = Object.entries(paths).map(([name, path]) => [printable(name), printable(path)]);
  const who = clients.map(({ address, connections, since_seconds: since }) => [
    "client",
    `${printable(address)}, ${connections} connection${connections === 1 ? "" : "s"} for ${
      durationText(since * 1000)
    }`,
  ]);
  const what = problems.map(({ at, area, message, count }) => [
    "problem",
    `${printable(at)} ${printable(area)}: ${printable(message)}${count > 1 ? ` (${count}x)` : ""}`,
  ]);
  return columns([...where, ...who, ...(what.length === 0 ? [["problems", "none"]] : what)])
    .join("\n");
}

/** How it stands with the DHT. */
function dhtLines(dht: DhtReport): string[] {
  const { peers, table, bootstrap, bootstrap_connected: connected } = dht;
  return [
    `DHT ${printable(dht.state)}: ${printable(dht.note)}`,
    ...columns([
      ["  peers", `${peers} connected, ${table} in the table`],
      ["  bootstrap", `${connected} of ${bootstrap} connected`],
      ...dht.addresses.map((address) => ["  address", printable(address)]),
      ...dht.announcements.map(({ kind, key, published_at: at, holders, error }) => [
        `  ${printable(kind)}`,
        `${printable(key)}: ` + (at === null ? "never published" : `${holders} holders at ${at}`) +
        (error === null ? "" : `, ${printable(error)}`),
      ]),
    ]),
  ];
}

/** What a provider serves, a line an artifact. */
export function artifactTable(artifacts: readonly ArtifactReport[]): string {
  return columns([
    ["CHANNEL", "ARCH", "NAME", "SIZE", "HASH"],
    ...artifacts.map(({ channel, arch, name, size, hash }) => [
      printable(channel),
      printable(arch),
      printable(name),
      bytesText(size),
      printable(hash),
    ]),
  ]).join("\n");
}
