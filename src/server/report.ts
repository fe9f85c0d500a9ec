/**
 * What a provider says about itself: the answers of `/health` and `/status`. DESIGN 7.
 *
 * Members are only ever added. Everything but `private` is public: no address of a client or another
 * peer, no file path, no detail of an error.
 *
 * @module
 */

import type { DiscoveryReport } from "./discovery_report.ts";
import type { JobsStatusReport } from "./jobs_report.ts";

/** How a provider is. `healthy` and `degraded` answer 200, `unhealthy` 503. */
export type Health = "healthy" | "degraded" | "unhealthy";

/** The answer of `/health`. */
export interface HealthReport {
  readonly status: Health;
  /** Check → whether it passed. What is switched off isn't checked, so its name is absent. */
  readonly checks: Readonly<Record<string, boolean>>;
}

/** Who serves. */
export interface ProviderReport {
  readonly version: string;
  readonly keyid: string;
  readonly peer_id: string;
  /** When it started, RFC 3339. */
  readonly started_at: string;
  readonly uptime_seconds: number;
  /** URLs at which it listens. */
  readonly addresses: readonly string[];
  /** The channel and arch that unnamed routes mean, once there is a snapshot. */
  readonly default: { readonly channel: string; readonly arch: string } | null;
}

/** One manifest that is served. */
export interface ManifestReport {
  readonly channel: string;
  readonly arch: string;
  readonly version: string;
  readonly sequence: number;
  readonly manifest_id: string;
  readonly created_at: string;
  readonly expires_at: string;
  /** The keyids whose signatures count. */
  readonly signers: readonly string[];
}

/** One artifact that is served. */
export interface ArtifactReport {
  readonly name: string;
  readonly channel: string;
  readonly arch: string;
  readonly size: number;
  /** `sha256:` and 64 hex digits. */
  readonly hash: string;
}

/** One address from which clients are connected. */
export interface ClientReport {
  readonly address: string;
  readonly connections: number;
  /** Requests that are being answered or wait for it. */
  readonly requests: number;
  /** Seconds since the oldest of the connections was opened. */
  readonly since_seconds: number;
}

/** Something that went wrong. */
export interface ProblemReport {
  /** When it happened last, RFC 3339. */
  readonly at: string;
  /** The part that it happened in. */
  readonly area: string;
  readonly code: string;
  readonly message: string;
  /** How often it happened. */
  readonly count: number;
}

/** What only an operator may see. */
export interface PrivateReport {
  readonly clients: readonly ClientReport[];
  /** What lies where: `artifacts`, `state`. */
  readonly paths: Readonly<Record<string, string>>;
  readonly problems: readonly ProblemReport[];
}

/** A way to start a machine, and whom who takes it trusts. DESIGN 7. */
export interface BootReport {
  readonly path: string;
  readonly trusts: string;
}

/** The answer of `/status`. */
export interface StatusReport {
  readonly provider: ProviderReport;
  /** How machines without media of their own start; absent in older versions. */
  readonly ipxe?: BootReport;
  readonly manifests: readonly ManifestReport[];
  readonly artifacts: readonly ArtifactReport[];
  /** Figure → value, as counted since the start. */
  readonly metrics: Readonly<Record<string, number>>;
  /** How the node can be found; absent in older versions. */
  readonly discovery?: DiscoveryReport;
  /** Where this node runs jobs for others. */
  readonly jobs?: JobsStatusReport;
  /** Only for requests with the token. */
  readonly private?: PrivateReport;
}
