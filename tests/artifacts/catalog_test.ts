import assert from "node:assert/strict";
import { join } from "node:path";
import { chunkHash } from "../../src/formats/manifest.ts";
import { manifestPrefix, validSigners } from "../../src/formats/signed.ts";
import { sha256, sha256Hex } from "../../src/lib/bytes.ts";
import type { Arch } from "../../src/formats/names.ts";
import { formatLimits } from "../../src/lib/limits.ts";
import { catalogPlace, testBytes, writeFiles } from "../support/artifacts.ts";
import { testIdentity } from "../support/manifests.ts";

const kernel = testBytes(5_000_000, 1);
const rootfs = testBytes(700_000, 2);
const day = 86_400_000;

Deno.test("a directory becomes a snapshot whose manifest describes its files, and is signed", async () => {
  await using place = await catalogPlace({ "vmlinuz-6.1": kernel, "rootfs.sqfs": rootfs });
  await using catalog = await place.open({ cmdline: "quiet", imageVersion: "1.0" });
  const [snapshot, ...more] = catalog.list();
  assert.deepEqual(more, []);
  const { manifest, signers } = snapshot!.manifest;
  assert.deepEqual(signers, [testIdentity(1).keyid]);
  assert.deepEqual(validSigners(manifestPrefix, manifest), signers);
  assert.equal(manifest.cmdline, "quiet");
  assert.equal(manifest.version, "1.0");
  assert.deepEqual(Object.keys(manifest.artifacts).sort(), ["kernel", "rootfs"]);
  assert.equal(manifest.artifacts.kernel.hash, `sha256:${sha256Hex(kernel)}`);
  const second = kernel.subarray(formatLimits.chunkBytesDefault);
  assert.deepEqual(chunkHash(manifest.artifacts.kernel, 1), sha256(second));
  assert.deepEqual(await catalog.check(), []);
});

Deno.test("artifacts are read from the snapshot, by name and by digest", async () => {
  await using place = await catalogPlace({ kernel, rootfs });
  await using catalog = await place.open();
  assert.deepEqual(catalog.default, { channel: "stable", arch: "arm64" });
  const snapshot = catalog.find("stable", "arm64")!;
  assert.equal(catalog.find("stable", "x86_64"), undefined);
  const artifact = snapshot.artifacts.get("rootfs")!;
  assert.equal(catalog.blob(sha256Hex(rootfs)), artifact);
  assert.equal(catalog.blob("00".repeat(32)), undefined);
  const into = new Uint8Array(rootfs.length + 10);
  assert.equal(await artifact.read(into, 0), rootfs.length);
  assert.deepEqual(into.subarray(0, rootfs.length), rootfs);
});

Deno.test("a tree has a snapshot for each image, and the flags choose the default", async () => {
  await using place = await catalogPlace({
    "stable/arm64/kernel": kernel,
    "testing/amd64/kernel": rootfs,
  });
  await using catalog = await place.open({ channel: "testing", arch: "x86_64" });
  assert.equal(catalog.list().length, 2);
  assert.deepEqual(catalog.default, { channel: "testing", arch: "x86_64" });
  const { manifest } = catalog.find("testing", "x86_64")!.manifest;
  assert.equal(manifest.artifacts.kernel.path, "/testing/x86_64/kernel");
});

Deno.test("where the chosen image isn't there, the nearest stands in for it, and the log says so", async () => {
  await using place = await catalogPlace({
    "alpha/arm64/kernel": kernel,
    "testing/x86_64/kernel": rootfs,
  });
  const standIn = async (channel: string, arch: Arch) => {
    await using catalog = await place.open({ channel, arch });
    const { fields } = place.log.records.findLast(({ message }) => /stands in/.test(message)) ?? {};
    return [catalog.default, fields?.served];
  };
  const testing = { channel: "testing", arch: "x86_64" } as const;
  assert.deepEqual(await standIn("testing", "x86_64"), [testing, undefined]);
  assert.deepEqual(await standIn("testing", "arm64"), [testing, "testing/x86_64"]);
  assert.deepEqual(await standIn("other", "x86_64"), [testing, "testing/x86_64"]);
  const first = { channel: "alpha", arch: "arm64" };
  assert.deepEqual(await standIn("other", "arm64"), [first, "alpha/arm64"]);
});

Deno.test("the only image of a tree is the default", async () => {
  await using place = await catalogPlace({ "stable/arm64/kernel": kernel });
  await using catalog = await place.open({ channel: "testing", arch: "x86_64" });
  assert.deepEqual(catalog.default, { channel: "stable", arch: "arm64" });
});

Deno.test("after a restart nothing is hashed, and the same manifest is served", async () => {
  await using place = await catalogPlace({ kernel, rootfs });
  const labels = new Set<string>();
  const onProgress = (done: number, total: number, label: string) => {
    labels.add(label);
    assert.ok(done <= total && total === kernel.length + rootfs.length);
  };
  const first = await place.open({ onProgress });
  await first[Symbol.asyncDispose]();
  assert.deepEqual([...labels].sort(), ["kernel", "rootfs"]);
  labels.clear();
  place.clock.advance(14 * day);
  await using second = await place.open({ onProgress });
  assert.deepEqual([...labels], []);
  assert.deepEqual(second.list()[0]!.manifest.bytes, first.list()[0]!.manifest.bytes);
});

Deno.test("half way through its life a manifest is signed again, with a higher sequence", async () => {
  await using place = await catalogPlace({ kernel });
  const { manifest: old } = (await opened(place)).manifest;
  place.clock.advance(15 * day);
  const { manifest } = (await opened(place)).manifest;
  assert.ok(manifest.sequence > old.sequence);
  assert.deepEqual(manifest.artifacts, old.artifacts);
});

Deno.test("another file, command line, version or lifetime is another publication", async () => {
  await using place = await catalogPlace({ kernel });
  let last = (await opened(place)).manifest.manifest;
  const changes = [
    () => opened(place, { cmdline: "quiet" }),
    () => opened(place),
    () => opened(place, { imageVersion: "2" }),
    () => opened(place, { lifetimeMs: day }),
    async () => {
      await writeFiles(place.artifacts, { kernel: rootfs });
      return await opened(place, { lifetimeMs: day });
    },
    async () => {
      await writeFiles(place.artifacts, { initrd: rootfs });
      return await opened(place, { lifetimeMs: day });
    },
  ];
  for (const [i, change] of changes.entries()) {
    const { manifest } = (await change()).manifest;
    // The clock stands still: only the kept manifest can tell.
    assert.equal(manifest.sequence, last.sequence + 1, `change ${i}`);
    last = manifest;
  }
  const { manifest } = (await opened(place, { lifetimeMs: day })).manifest;
  assert.equal(manifest.sequence, last.sequence);
});

Deno.test("another key doesn't serve what this one signed", async () => {
  await using place = await catalogPlace({ kernel });
  const first = await opened(place);
  const second = await opened(place, { identity: testIdentity(2) });
  assert.deepEqual(second.manifest.signers, [testIdentity(2).keyid]);
  assert.ok(second.manifest.manifest.sequence > first.manifest.manifest.sequence);
});

Deno.test("a damaged kept manifest is not served, and one is signed", async () => {
  await using place = await catalogPlace({ kernel });
  const { manifest: old } = await opened(place);
  const file = join(place.stateDir, "manifests/stable.arm64.json");
  for (const damage of ["", "{}", new TextDecoder().decode(old.bytes).replace("2", "3")]) {
    await Deno.writeTextFile(file, damage);
    place.clock.advance(60_000);
    const { manifest } = await opened(place);
    assert.notDeepEqual(manifest.bytes, old.bytes);
    assert.deepEqual(await Deno.readFile(file), manifest.bytes);
  }
});

Deno.test("a clock behind serves what was signed before, and signs nothing", async () => {
  await using place = await catalogPlace({ kernel });
  const { manifest } = await opened(place);
  place.clock.set(Date.UTC(1970, 0, 1, 0, 1));
  assert.deepEqual((await opened(place)).manifest.bytes, manifest.bytes);
  await writeFiles(place.artifacts, { kernel: rootfs });
  await assert.rejects(place.open(), { code: "failed", message: /clock says 1970-01-01/ });
});

Deno.test("a changed file and an expired manifest are problems, a replaced file is none", async () => {
  await using place = await catalogPlace({ kernel, rootfs, initrd: rootfs });
  await using catalog = await place.open();
  await writeFiles(place.artifacts, { other: "other" });
  await Deno.rename(join(place.artifacts, "other"), join(place.artifacts, "kernel"));
  assert.deepEqual(await catalog.check(), []);
  await Deno.truncate(join(place.artifacts, "rootfs"), 5);
  const where = { channel: "stable", arch: "arm64" };
  const [changed, ...more] = await catalog.check();
  assert.deepEqual(more, []);
  assert.deepEqual({ ...changed, message: "" }, {
    ...where,
    artifact: "rootfs",
    code: "changed",
    message: "",
  });
  const artifact = catalog.list()[0]!.artifacts.get("rootfs")!;
  await assert.rejects(artifact.read(new Uint8Array(5), 0), { code: "changed" });
  place.clock.advance(31 * day);
  assert.deepEqual((await catalog.check()).map(({ code }) => code), ["changed", "expired"]);
});

Deno.test("a failure closes what was opened", async () => {
  if (Deno.build.os !== "linux") return console.log("SKIPPED: needs /proc");
  await using place = await catalogPlace({ kernel, rootfs });
  const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
  await assert.rejects(place.open({ cmdline: '"' }), { code: "config" });
  const before = open();
  for (let i = 0; i < 10; i++) {
    await assert.rejects(place.open({ cmdline: '"' }), { code: "config" });
    await (await place.open())[Symbol.asyncDispose]();
  }
  assert.ok(open() <= before, `${before} before, ${open()} after`);
});

Deno.test("an abort while hashing ends with its reason", async () => {
  await using place = await catalogPlace({ kernel: testBytes(32_000_000) });
  const stop = new AbortController();
  const opening = place.open({ signal: stop.signal, onProgress: () => stop.abort() });
  await assert.rejects(opening, { name: "AbortError" });
});

Deno.test("one file under two names is hashed once", async () => {
  await using place = await catalogPlace({ "stable/arm64/kernel": kernel });
  await Deno.mkdir(join(place.artifacts, "testing/arm64"), { recursive: true });
  const name = "arm64/kernel";
  await Deno.link(join(place.artifacts, "stable", name), join(place.artifacts, "testing", name));
  let most = 0;
  await using catalog = await place.open({ onProgress: (_, total) => most = total });
  assert.equal(catalog.list().length, 2);
  assert.equal(most, kernel.length);
});

/** The only snapshot of a catalog that is closed again. */
async function opened(
  place: Awaited<ReturnType<typeof catalogPlace>>,
  options?: Parameters<typeof place.open>[0],
) {
  await using catalog = await place.open(options);
  return catalog.list()[0]!;
}
