/**
 * The only place that starts Workers. From source a Worker is a module beside its starter; in the
 * bundle it is text that the build embedded. Either way it is started from a blob that first hides
 * the environment and hands over what the Worker needs of the build.
 *
 * @module
 */

import { partBlob, type PartName } from "./part.ts";
import type { BuildFacts } from "./version.ts";

/** A Worker: its name in the bundle, its module from source, and the Workers that it starts. */
export interface WorkerModule {
  readonly name: string;
  /** Its module; asked for from source only, as a blob has nothing beside it. */
  readonly module: () => URL;
  /** Names of the Workers that it starts itself; their texts travel with it. */
  readonly starts: readonly string[];
  /** Names of the parts that it may load; their blobs are made for it. */
  readonly loads?: readonly PartName[];
}

/** The Workers of this program: name → module, from this file, and what it starts. */
const modules = {
  daemon: { path: "../node/daemon_worker.ts", starts: ["hash"], loads: ["mdns", "p2p"] },
  hash: { path: "../artifacts/hash_worker.ts", starts: [], loads: [] },
  job: { path: "../jobs/job_worker.ts", starts: [], loads: [] },
  follow: { path: "../transfer/follow_worker.ts", starts: [], loads: [] },
} as const;

/** The name of a Worker. */
export type WorkerName = keyof typeof modules;

declare global {
  /** The source text of the Workers by name, embedded by the build. */
  var __plasmd_workers: Readonly<Record<string, string>> | undefined;
}

/** How a Worker is started. */
export interface StartWorkerOptions {
  /** What it may do; nothing at all unless given. */
  readonly permissions?: Deno.PermissionOptionsObject | "none";
}

/** All Workers of this program. The build embeds each. */
export function workerModules(): WorkerModule[] {
  return (Object.keys(modules) as WorkerName[]).map(workerModule);
}

/** Starts a Worker of this program with the given permissions and no others. */
export function startWorker(name: WorkerName, options?: StartWorkerOptions): Worker {
  return startModule(workerModule(name), options);
}

/** Starts any Worker with the given permissions and no others. */
export function startModule(
  worker: WorkerModule,
  { permissions = "none" }: StartWorkerOptions = {},
): Worker {
  return new Worker(blobOf(worker), {
    type: "module",
    name: `plasmd-${worker.name}`,
    deno: {
      permissions: embeddedText(worker) === undefined
        ? fromSource(permissions, worker)
        : permissions,
    },
  });
}

/** From source, a Worker that starts or loads something must be allowed to read its modules. */
function fromSource(
  permissions: Deno.PermissionOptionsObject | "none",
  { starts, loads = [] }: WorkerModule,
): Deno.PermissionOptionsObject | "none" {
  if (starts.length + loads.length === 0) return permissions;
  const { read = [], ...others } = permissions === "none" ? {} : permissions;
  if (!Array.isArray(read) && read !== false) return permissions;
  return { ...others, read: [...read || [], new URL("../../", import.meta.url)] };
}

function workerModule(name: WorkerName): WorkerModule {
  const { path, starts, loads } = modules[name];
  return { name, module: () => new URL(path, import.meta.url), starts, loads };
}

/** One blob a Worker, however often it is started: a blob lives as long as the process. */
const blobs = new Map<string, string>();

function blobOf(worker: WorkerModule): string {
  const known = blobs.get(worker.name);
  if (known !== undefined) return known;
  const blob = new Blob([...textOf(worker)], { type: "text/javascript" });
  const url = URL.createObjectURL(blob);
  blobs.set(worker.name, url);
  return url;
}

function embeddedText({ name }: WorkerModule): string | undefined {
  return globalThis.__plasmd_workers?.[name];
}

function textOf(worker: WorkerModule): string[] {
  const embedded = embeddedText(worker);
  if (embedded !== undefined) return [preamble(worker), embedded];
  // Modules run in the order of their imports, so the preamble is a module of its own here.
  const first = `data:text/javascript,${encodeURIComponent(preamble(worker))}`;
  return [`import ${JSON.stringify(first)};\nimport ${JSON.stringify(worker.module().href)};\n`];
}

/**
 * What runs in a Worker before anything else. DESIGN 2: a Worker has no environment; packages that
 * look at it while they load must find it empty instead of being refused.
 */
function preamble({ starts, loads = [] }: WorkerModule): string {
  const build: BuildFacts | undefined = globalThis.__plasmd_build;
  const texts = globalThis.__plasmd_workers;
  const handed = texts && Object.fromEntries(starts.map((name) => [name, texts[name]]));
  const parts = texts && Object.fromEntries(loads.map((name) => [name, partBlob(name)]));
  return [
    'import plasmdProcess from "node:process";',
    'Object.defineProperty(plasmdProcess, "env", { value: {}, configurable: true });',
    `globalThis.__plasmd_build = ${JSON.stringify(build)};`,
    `globalThis.__plasmd_workers = ${JSON.stringify(handed)};`,
    `globalThis.__plasmd_part_blobs = ${JSON.stringify(parts)};`,
    "",
  ].join("\n");
}
