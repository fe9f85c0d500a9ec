/**
 * Directories of boot artifacts for tests.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { type CatalogOptions, type OpenCatalog, openCatalog } from "../../src/artifacts/catalog.ts";
import { type Deps, systemDeps } from "../../src/lib/deps.ts";
import { watchLimits } from "../../src/lib/limits.ts";
import { type FakeClock, fakeClock } from "./clock.ts";
import { testIdentity } from "./manifests.ts";
import { type MemoryLog, memoryLog } from "./memory_log.ts";
import { type TempDirectory, tempDirectory } from "./temp.ts";

/** Bytes that look random and are the same in every run; another seed gives others. */
export function testBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed;
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[i] = state ^ (state >>> 15);
  }
  return new Uint8Array(words.buffer, 0, length);
}

/** Writes files by their paths below a directory; a text is its bytes. */
export async function writeFiles(
  directory: string,
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.mkdir(dirname(join(directory, path)), { recursive: true });
    await Deno.writeFile(join(directory, path), bytes);
  }
}

/** Replaces files like an installer should: written under hidden names, then renamed. */
export async function replaceFiles(
  directory: string,
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const hidden = join(dirname(path), `.${basename(path)}.new`);
    await writeFiles(directory, { [hidden]: content });
    await Deno.rename(join(directory, hidden), join(directory, path));
  }
}

/** Lets a catalog see what changed, and see it again when it has settled. */
export async function followed(catalog: OpenCatalog, clock: FakeClock): Promise<void> {
  await catalog.refresh();
  clock.advance(watchLimits.settleMs);
  await catalog.refresh();
}

/** Waits for something while a clock is moved on, a millisecond a turn. */
export async function ticking<T>(waiting: Promise<T>, clock: FakeClock): Promise<T> {
  let done = false;
  const finish = () => void (done = true);
  waiting.then(finish, finish);
  while (!done) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    clock.advance(1);
  }
  return await waiting;
}

/** A place to open catalogs in: artifacts, state, a clock ten seconds ahead of the files. */
export interface CatalogPlace extends AsyncDisposable {
  readonly directory: TempDirectory;
  readonly artifacts: string;
  readonly stateDir: string;
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  readonly deps: Deps;
  /** Opens a catalog of `stable/arm64`, signed by test key 1, unless told otherwise. */
  open(options?: Partial<CatalogOptions>, deps?: Deps): ReturnType<typeof openCatalog>;
}

/** Makes a place with these artifacts. */
export async function catalogPlace(
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<CatalogPlace> {
  const directory = await tempDirectory();
  const artifacts = directory.join("artifacts");
  const stateDir = directory.join("state");
  await Deno.mkdir(artifacts);
  await Deno.mkdir(stateDir);
  await writeFiles(artifacts, files);
  const clock = fakeClock(Date.now() + 10_000);
  const log = memoryLog();
  const deps = systemDeps({ clock, log });
  const defaults = { channel: "stable", arch: "arm64", identity: testIdentity(1) } as const;
  return {
    directory,
    artifacts,
    stateDir,
    clock,
    log,
    deps,
    open: (options = {}, given = deps) =>
      openCatalog({ directory: artifacts, stateDir, ...defaults, ...options }, given),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}
