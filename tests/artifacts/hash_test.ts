import assert from "node:assert/strict";
import { type HasherOptions, openHasher } from "../../src/artifacts/hash.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { hashLimits } from "../../src/lib/limits.ts";
import { memoryMeter } from "../../src/lib/meter.ts";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { testBytes, writeFiles } from "../support/artifacts.ts";
import { tempDirectory } from "../support/temp.ts";

const chunkSize = 256 * 1024;
const open = (options: HasherOptions) => openHasher(options, systemDeps());

Deno.test("one Worker and two give the same hashes, and end when there is nothing to do", async () => {
  await using directory = await tempDirectory();
  const files = { a: testBytes(3_000_000, 1), b: testBytes(1, 2), c: testBytes(800_000, 3) };
  await writeFiles(directory.path, files);
  const all: string[][] = [];
  for (const workers of [1, 2, 3]) {
    await using hasher = open({ workers, read: [directory.path] });
    assert.equal(hasher.running(), 0);
    const hashes = await Promise.all(
      Object.keys(files).map((name) => hasher.hash(directory.join(name), { chunkSize })),
    );
    assert.deepEqual(hashes.map(({ digest }) => digest), Object.values(files).map(sha256Hex));
    all.push(hashes.map(({ chunks }) => chunks.toHex()));
    // The last answer comes just before its Worker is ended.
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(hasher.running(), 0);
  }
  assert.deepEqual(all[1], all[0]);
  assert.deepEqual(all[2], all[0]);
});

Deno.test("a hasher is of use again after its Workers ended", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { a: "a", b: "b" });
  await using hasher = open({ workers: 2, read: [directory.path] });
  for (const name of ["a", "b"]) {
    const hash = await hasher.hash(directory.join(name), { chunkSize });
    assert.equal(hash.digest, sha256Hex(new TextEncoder().encode(name)));
  }
});

Deno.test("a Worker reads what it was given and nothing else", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "in/file": "x", outside: "y" });
  await using hasher = open({ workers: 2, read: [directory.join("in")] });
  await hasher.hash(directory.join("in/file"), { chunkSize });
  await assert.rejects(hasher.hash(directory.join("outside"), { chunkSize }), {
    code: "permission",
    message: /Cannot open ".*outside"/,
  });
});

Deno.test("one bad file doesn't stop the others", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { good: "x" });
  await using hasher = open({ workers: 2, read: [directory.path] });
  const [bad, good] = await Promise.allSettled([
    hasher.hash(directory.join("none"), { chunkSize }),
    hasher.hash(directory.join("good"), { chunkSize }),
  ]);
  assert.equal(bad.status === "rejected" && (bad.reason as PlasmdError).code, "io");
  assert.equal(good.status, "fulfilled");
});

Deno.test("progress reaches the size of the file and never goes back", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { file: testBytes(4 * hashLimits.stretchBytes) });
  const meter = memoryMeter();
  await using hasher = openHasher({ workers: 2, read: [directory.path] }, systemDeps({ meter }));
  const seen: number[] = [];
  const { size } = await hasher.hash(directory.join("file"), {
    chunkSize,
    onProgress: (done) => seen.push(done),
  });
  assert.equal(seen.at(-1), size);
  assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
  assert.equal(meter.read().plasmd_hashed_bytes_total, size);
});

Deno.test("an abort ends a running hash, and a later one works", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { big: testBytes(64 * 1024 * 1024), small: "x" });
  await using hasher = open({ workers: 2, read: [directory.path] });
  const stop = new AbortController();
  const reason = new PlasmdError("cancelled", "Stopped by a test");
  const hashing = hasher.hash(directory.join("big"), {
    chunkSize,
    signal: stop.signal,
    onProgress: () => stop.abort(reason),
  });
  await assert.rejects(hashing, reason);
  await hasher.hash(directory.join("small"), { chunkSize });
  await assert.rejects(
    hasher.hash(directory.join("small"), { chunkSize, signal: stop.signal }),
    reason,
  );
});

Deno.test("disposing ends what runs and what waits", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { big: testBytes(64 * 1024 * 1024) });
  const hasher = open({ workers: 1, read: [directory.path] });
  const started = Promise.withResolvers<void>();
  const running = hasher.hash(directory.join("big"), {
    chunkSize,
    onProgress: () => started.resolve(),
  });
  const waiting = hasher.hash(directory.join("big"), { chunkSize });
  const ends = Promise.allSettled([running, waiting]);
  await started.promise;
  await hasher[Symbol.asyncDispose]();
  for (const end of await ends) {
    assert.equal(end.status === "rejected" && (end.reason as PlasmdError).code, "cancelled");
  }
  assert.equal(hasher.running(), 0);
});

/** Starts Workers of this text. */
function workersOf(text: string): () => Worker {
  return () => {
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    return new Worker(url, { type: "module", deno: { permissions: "none" } });
  };
}

Deno.test("a Worker that can't start fails what waits for it, and the program goes on", async () => {
  const start = workersOf("throw new Error('no start');");
  await using hasher = open({ workers: 2, read: [], start });
  const hashes = ["/a", "/b"].map((path) => hasher.hash(path, { chunkSize }));
  for (const end of await Promise.allSettled(hashes)) {
    assert.equal(end.status, "rejected");
    const { code, message } = (end as PromiseRejectedResult).reason as PlasmdError;
    assert.equal(code, "failed");
    assert.match(message, /^Cannot start a hash Worker: .*no start/);
  }
});

Deno.test("a Worker that dies fails its file only", async () => {
  const start = workersOf(`
    const chunks = new Uint8Array(32);
    const stamp = { dev: 1, ino: 1, size: 1, mtimeMs: 1, ctimeMs: 1 };
    onmessage = ({ data }) => {
      if (data.path === "/bad") throw new Error("it died");
      postMessage({ kind: "done", result: { digest: "00", chunks, stamp } });
    };
    postMessage({ kind: "ready" });`);
  await using hasher = open({ workers: 1, read: [], start });
  const [bad, good] = await Promise.allSettled([
    hasher.hash("/bad", { chunkSize }),
    hasher.hash("/good", { chunkSize }),
  ]);
  assert.match(String((bad as PromiseRejectedResult).reason), /Cannot hash "\/bad": .*it died/);
  assert.equal(good.status === "fulfilled" && good.value.digest, "00");
});

Deno.test("two Workers that saw two files under one name hash nothing", async () => {
  const start = workersOf(`
    onmessage = ({ data: { whole } }) => {
      const stamp = { dev: 1, ino: whole ? 1 : 2, size: 1, mtimeMs: 1, ctimeMs: 1 };
      const result = whole ? { digest: "00", stamp } : { chunks: new Uint8Array(32), stamp };
      postMessage({ kind: "done", result });
    };
    postMessage({ kind: "ready" });`);
  await using hasher = open({ workers: 2, read: [], start });
  await assert.rejects(hasher.hash("/file", { chunkSize }), { code: "changed" });
});
