/**
 * Files that are swapped again and again while many download: every answer that is complete is the
 * one that its manifest and its headers promise. What can't be finished is cut, never spliced.
 *
 * @module
 */

import assert from "node:assert/strict";
import { parseManifest } from "../../src/formats/manifest.ts";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { replaceFiles, testBytes, writeFiles } from "../support/artifacts.ts";
import { projectRoot, startProgram } from "../support/program.ts";
import { tempDirectory } from "../support/temp.ts";

const swaps = 200;
const MiB = 1024 * 1024;

/** One version of the image: no two have the same bytes or sizes. */
function versionOf(number: number) {
  return {
    kernel: testBytes(300_000 + number, 2 * number + 1),
    rootfs: testBytes(4 * MiB + number, 2 * number + 2),
  };
}

/** What the clients have seen. */
interface Seen {
  whole: number;
  cut: number;
  gone: number;
  parts: number;
  sequence: number;
}

/** Things that go on while files are swapped. */
interface Run {
  readonly origin: string;
  /** Digest → version and name, of all that was ever put there. */
  readonly known: Map<string, { readonly number: number; readonly name: "kernel" | "rootfs" }>;
  readonly seen: Seen;
  readonly stop: AbortSignal;
  /** Resolves at the next swap. */
  nextSwap(): Promise<void>;
}

/** The body, or undefined where the connection ended before it did. */
async function bodyOf(response: Response, pause?: () => Promise<void>) {
  const parts: Uint8Array[] = [];
  try {
    for await (const part of response.body!) {
      parts.push(part);
      if (parts.length === 2) await pause?.();
    }
    return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  } catch {
    return undefined;
  }
}

async function manifestOf({ origin, seen }: Run) {
  const response = await fetch(`${origin}/manifest.json`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  assert.equal(response.headers.get("X-Content-SHA256"), sha256Hex(bytes));
  const manifest = parseManifest(bytes);
  seen.sequence = Math.max(seen.sequence, manifest.sequence);
  return manifest;
}

/** Fetches by digest what a manifest names: it is that, or not there any more, or cut. */
async function byDigest(run: Run, pause?: () => Promise<void>): Promise<void> {
  const { artifacts } = await manifestOf(run);
  for (const name of ["kernel", "rootfs"] as const) {
    const digest = artifacts[name]!.hash.slice("sha256:".length);
    const response = await fetch(`${run.origin}/blobs/sha256/${digest}`);
    const body = await bodyOf(response, pause);
    if (response.status !== 200) run.seen.gone++;
    else if (body === undefined) run.seen.cut++;
    else {
      assert.equal(sha256Hex(body), digest);
      run.seen.whole++;
    }
  }
}

/** Fetches by name: the headers say which version it is, and it is that one. */
async function byName(run: Run, name: "kernel" | "rootfs", pause?: () => Promise<void>) {
  const response = await fetch(`${run.origin}/stable/arm64/${name}`);
  const body = await bodyOf(response, pause);
  if (response.status !== 200) return void run.seen.gone++;
  if (body === undefined) return void run.seen.cut++;
  const digest = response.headers.get("X-Content-SHA256")!;
  assert.equal(sha256Hex(body), digest);
  assert.equal(run.known.get(digest)?.name, name);
  run.seen.whole++;
}

/** Fetches a part of what a manifest names, if it still is that. */
async function part(run: Run, round: number): Promise<void> {
  const { artifacts: { rootfs } } = await manifestOf(run);
  const digest = rootfs!.hash.slice("sha256:".length);
  const start = (round * 7919) % (3 * MiB);
  const response = await fetch(`${run.origin}/rootfs`, {
    headers: { "Range": `bytes=${start}-${start + 99_999}`, "If-Range": `"${digest}"` },
  });
  const body = await bodyOf(response);
  if (response.status !== 206 || body === undefined) return;
  const { number } = run.known.get(digest)!;
  assert.deepEqual(body, versionOf(number).rootfs.subarray(start, start + 100_000));
  run.seen.parts++;
}

/** A client that goes on until it is told to stop. Its sequence never goes back. */
async function client(run: Run, work: (round: number) => Promise<void>): Promise<void> {
  for (let round = 0; !run.stop.aborted; round++) await work(round);
}

/** Puts the next version there, in one of the ways in which people do it. */
async function swap(directory: string, number: number): Promise<void> {
  const version = versionOf(number);
  if (number % 10 === 9) {
    await writeFiles(directory, version); // in place, as nobody should
  } else if (number % 10 === 4) {
    await Deno.remove(`${directory}/rootfs`);
    await writeFiles(directory, { ".rootfs": version.rootfs });
    await replaceFiles(directory, { kernel: version.kernel });
    await Deno.rename(`${directory}/.rootfs`, `${directory}/rootfs`);
  } else await replaceFiles(directory, version);
}

/** Asks until a version is served. */
async function untilServed(run: Run, number: number): Promise<void> {
  const { kernel, rootfs } = versionOf(number);
  const wanted = [kernel, rootfs].map((bytes) => `sha256:${sha256Hex(bytes)}`);
  const start = performance.now();
  while (performance.now() - start < 60_000) {
    const { artifacts } = await manifestOf(run);
    if (artifacts.kernel.hash === wanted[0] && artifacts.rootfs?.hash === wanted[1]) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`version ${number} is not served`);
}

Deno.test({
  name: `${swaps} swaps under load: no answer is of two versions, and nothing stays open`,
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using place = await tempDirectory();
    const directory = place.join("artifacts");
    await writeFiles(directory, versionOf(0));
    await using provider = startProgram([directory, place.join("state")], {
      main: `${projectRoot}tests/support/swap_program.ts`,
    });
    const { port } = await provider.until((text) =>
      text.endsWith("}\n") ? JSON.parse(text) : undefined
    );
    const stopping = new AbortController();
    let swapped = Promise.withResolvers<void>();
    const run: Run = {
      origin: `http://127.0.0.1:${port}`,
      known: new Map(),
      seen: { whole: 0, cut: 0, gone: 0, parts: 0, sequence: 0 },
      stop: stopping.signal,
      nextSwap: () => swapped.promise,
    };
    const know = (number: number) => {
      const { kernel, rootfs } = versionOf(number);
      run.known.set(sha256Hex(kernel), { number, name: "kernel" });
      run.known.set(sha256Hex(rootfs), { number, name: "rootfs" });
    };
    know(0);
    await byDigest(run);
    const clients = () => [
      client(run, () => byDigest(run)),
      client(run, () => byName(run, "kernel")),
      client(run, () => byName(run, "rootfs")),
      client(run, (round) => part(run, round)),
      // These read slowly, over one swap or two.
      client(run, () => byDigest(run, run.nextSwap)),
      client(run, () => byName(run, "rootfs", () => run.nextSwap().then(run.nextSwap))),
    ];
    const running = Promise.all(clients());
    running.catch(() => stopping.abort());
    let warm: number | undefined;
    let last = 0;
    for (let number = 1; number <= swaps && !stopping.signal.aborted; number++) {
      know(number);
      await swap(directory, number);
      await untilServed(run, number);
      assert.ok(run.seen.sequence > last);
      last = run.seen.sequence;
      swapped.resolve();
      swapped = Promise.withResolvers();
      if (number === swaps / 4) warm = residentBytes(provider.pid);
    }
    stopping.abort();
    swapped.resolve();
    await running;
    console.log(JSON.stringify(run.seen));
    assert.ok(run.seen.whole > swaps && run.seen.parts > 20 && run.seen.cut > 0);
    assert.ok(await filesOpen(provider.pid, directory) === 2, "the files of one version are open");
    const after = residentBytes(provider.pid);
    const MiBs = (bytes: number) => Math.round(bytes / MiB);
    assert.ok(
      after < warm! + 64 * MiB,
      `${MiBs(warm!)} MiB after a quarter, ${MiBs(after)} MiB at the end`,
    );
  },
});

/** Files of the directory that the process holds open, once there are no more than two. */
async function filesOpen(pid: number, directory: string): Promise<number> {
  const open = () =>
    [...Deno.readDirSync(`/proc/${pid}/fd`)].filter(({ name }) => {
      try {
        return /^(kernel|rootfs|\.rootfs|\.kernel)/.test(
          Deno.readLinkSync(`/proc/${pid}/fd/${name}`).slice(directory.length + 1),
        );
      } catch {
        return false;
      }
    }).length;
  const start = performance.now();
  while (open() > 2 && performance.now() - start < 10_000) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return open();
}

function residentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) * 1024;
}
