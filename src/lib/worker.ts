/**
 * The only place that starts Workers. From source a Worker is a module beside its starter; in the
 * bundle it is a blob of text that the build embedded.
 *
 * @module
 */

/** The Workers of this program: name → module, from this file. */
const modules = {
  daemon: "../node/daemon_worker.ts",
  hash: "../artifacts/hash_worker.ts",
} as const;

/** The name of a Worker. */
export type WorkerName = keyof typeof modules;

declare global {
  /** The source text of the Workers, embedded by the build. */
  var __plasmd_workers: Readonly<Partial<Record<string, string>>> | undefined;
}

/** How a Worker is started. */
export interface StartWorkerOptions {
  /** What it may do; nothing at all unless given. */
  readonly permissions?: Deno.PermissionOptionsObject | "none";
}

/** Starts a Worker with the given permissions and no others. */
export function startWorker(
  name: WorkerName,
  { permissions = "none" }: StartWorkerOptions = {},
): Worker {
  const embedded = globalThis.__plasmd_workers?.[name];
  const options: WorkerOptions = { type: "module", name: `plasmd-${name}`, deno: { permissions } };
  if (embedded === undefined) return new Worker(new URL(modules[name], import.meta.url), options);
  const url = URL.createObjectURL(new Blob([embedded], { type: "text/javascript" }));
  const worker = new Worker(url, options);
  return worker;
}
