/**
 * Reads the reports of a provider that nobody has to trust: what isn't as it should be is refused,
 * what isn't known is dropped.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import type { AnnouncementReport, DhtReport, DiscoveryReport } from "./discovery_report.ts";
import type {
  ArtifactReport,
  BootReport,
  ClientReport,
  HealthReport,
  ManifestReport,
  PrivateReport,
  ProblemReport,
  ProviderReport,
  StatusReport,
} from "./report.ts";

/** Most entries of a list; a provider serves 64 targets at most, of 16 artifacts each. */
const maxEntries = 1024;

/**
 * The status report in a JSON value.
 *
 * @throws {PlasmdError} `bad_source` where it isn't one
 */
export function readStatus(value: unknown): StatusReport {
  const report = record(value, "status");
  return {
    provider: provider(record(report.provider, "provider")),
    ...(report.ipxe === undefined ? {} : { ipxe: boot(record(report.ipxe, "ipxe")) }),
    manifests: list(report.manifests, "manifests").map(manifest),
    artifacts: list(report.artifacts, "artifacts").map(artifact),
    metrics: metrics(record(report.metrics, "metrics")),
    ...(report.discovery === undefined ? {} : { discovery: discovery(report.discovery) }),
    ...(report.private === undefined
      ? {}
      : { private: privateReport(record(report.private, "private")) }),
  };
}

/**
 * The health report in a JSON value.
 *
 * @throws {PlasmdError} `bad_source` where it isn't one
 */
export function readHealth(value: unknown): HealthReport {
  const { status, checks } = record(value, "health");
  if (status !== "healthy" && status !== "degraded" && status !== "unhealthy") throw odd("status");
  const entries = Object.entries(record(checks, "checks"));
  if (entries.some(([, passed]) => typeof passed !== "boolean")) throw odd("checks");
  return { status, checks: Object.fromEntries(entries) as Record<string, boolean> };
}

function boot(it: Members): BootReport {
  return { path: text(it, "path"), trusts: text(it, "trusts") };
}

function provider(it: Members): ProviderReport {
  const preset = it.default === null ? null : record(it.default, "default");
  return {
    version: text(it, "version"),
    keyid: text(it, "keyid"),
    peer_id: text(it, "peer_id"),
    started_at: text(it, "started_at"),
    uptime_seconds: count(it, "uptime_seconds"),
    addresses: texts(it, "addresses"),
    default: preset && { channel: text(preset, "channel"), arch: text(preset, "arch") },
  };
}

function manifest(value: unknown): ManifestReport {
  const it = record(value, "manifests");
  return {
    channel: text(it, "channel"),
    arch: text(it, "arch"),
    version: text(it, "version"),
    sequence: count(it, "sequence"),
    manifest_id: text(it, "manifest_id"),
    created_at: text(it, "created_at"),
    expires_at: text(it, "expires_at"),
    signers: texts(it, "signers"),
  };
}

function artifact(value: unknown): ArtifactReport {
  const it = record(value, "artifacts");
  return {
    name: text(it, "name"),
    channel: text(it, "channel"),
    arch: text(it, "arch"),
    size: count(it, "size"),
    hash: text(it, "hash"),
  };
}

function privateReport(it: Members): PrivateReport {
  const paths = Object.entries(record(it.paths, "paths"));
  return {
    clients: list(it.clients, "clients").map(client),
    paths: Object.fromEntries(
      paths.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    ),
    problems: list(it.problems, "problems").map(problem),
  };
}

function client(value: unknown): ClientReport {
  const it = record(value, "clients");
  return {
    address: text(it, "address"),
    connections: count(it, "connections"),
    requests: count(it, "requests"),
    since_seconds: count(it, "since_seconds"),
  };
}

function problem(value: unknown): ProblemReport {
  const it = record(value, "problems");
  return {
    at: text(it, "at"),
    area: text(it, "area"),
    code: text(it, "code"),
    message: text(it, "message"),
    count: count(it, "count"),
  };
}

function discovery(value: unknown): DiscoveryReport {
  const { dht } = record(value, "discovery");
  return dht === undefined ? {} : { dht: dhtOf(record(dht, "dht")) };
}

function dhtOf(it: Members): DhtReport {
  return {
    state: text(it, "state"),
    note: text(it, "note"),
    addresses: texts(it, "addresses"),
    peers: count(it, "peers"),
    table: count(it, "table"),
    held: count(it, "held"),
    bootstrap: count(it, "bootstrap"),
    bootstrap_connected: count(it, "bootstrap_connected"),
    announcements: list(it.announcements, "announcements").map(announcement),
  };
}

function announcement(value: unknown): AnnouncementReport {
  const it = record(value, "announcements");
  return {
    channel: text(it, "channel"),
    arch: text(it, "arch"),
    kind: text(it, "kind"),
    key: text(it, "key"),
    published_at: it.published_at === null ? null : text(it, "published_at"),
    holders: count(it, "holders"),
    error: it.error === null ? null : text(it, "error"),
  };
}

function metrics(it: Members): Record<string, number> {
  return Object.fromEntries(
    Object.entries(it).filter((entry): entry is [string, number] => Number.isFinite(entry[1])),
  );
}

type Members = Readonly<Record<string, unknown>>;

function record(value: unknown, name: string): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw odd(name);
  return value as Members;
}

function list(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length > maxEntries) throw odd(name);
  return value;
}

function text(it: Members, name: string): string {
  const value = it[name];
  if (typeof value !== "string") throw odd(name);
  return value;
}

function texts(it: Members, name: string): string[] {
  const values = list(it[name], name);
  if (values.every((value) => typeof value === "string")) return [...values];
  throw odd(name);
}

function count(it: Members, name: string): number {
  const value = it[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw odd(name);
  return value;
}

function odd(name: string): PlasmdError {
  return new PlasmdError("bad_source", `The report's "${name}" is not what a provider sends`);
}
