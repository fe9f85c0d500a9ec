import assert from "node:assert/strict";
import { join } from "node:path";
import type { CatalogChange, OpenCatalog } from "../../src/artifacts/catalog.ts";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { watchLimits } from "../../src/lib/limits.ts";
import {
  catalogPlace,
  followed,
  replaceFiles,
  testBytes,
  writeFiles,
} from "../support/artifacts.ts";

const kernel = testBytes(400_000, 1);
const newer = testBytes(500_000, 2);
const rootfs = testBytes(300_000, 3);

/** The digests that are served, and the manifest's word on them. */
function served(catalog: OpenCatalog, channel = "stable") {
  const snapshot = catalog.find(channel, "arm64")!;
  const { artifacts } = snapshot.manifest.manifest;
  return Object.fromEntries(
    [...snapshot.artifacts.values()].map(({ name, digest }) => {
      assert.equal(artifacts[name]!.hash, `sha256:${digest}`);
      return [name, digest];
    }),
  );
}

function changesOf(catalog: OpenCatalog): string[] {
  const changes: string[] = [];
  catalog.onChange(({ kind, channel, arch, snapshot }: CatalogChange) => {
    changes.push(`${kind} ${channel}/${arch} ${snapshot?.manifest.manifest.sequence ?? "-"}`);
    // Who is told of a change can see it.
    if (kind === "published") assert.equal(catalog.find(channel, arch), snapshot);
  });
  return changes;
}

Deno.test("a file that is replaced is served under a new manifest, with a higher sequence", async () => {
  await using place = await catalogPlace({ kernel, rootfs });
  await using catalog = await place.open();
  const changes = changesOf(catalog);
  const { sequence } = catalog.list()[0]!.manifest.manifest;
  await replaceFiles(place.artifacts, { kernel: newer });
  await followed(catalog, place.clock);
  assert.deepEqual(served(catalog), { kernel: sha256Hex(newer), rootfs: sha256Hex(rootfs) });
  assert.deepEqual(changes, [`published stable/arm64 ${sequence + 2}`]);
  assert.equal(catalog.blob(sha256Hex(kernel)), undefined);
  assert.deepEqual(await catalog.check(), []);
});

Deno.test("nothing changes until a file was left alone for long enough", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open();
  const old = served(catalog);
  for (let part = 1; part <= 5; part++) {
    await writeFiles(place.artifacts, { kernel: testBytes(100_000 * part, 9) });
    assert.equal(await catalog.refresh(), watchLimits.settleMs);
    place.clock.advance(watchLimits.settleMs - 1);
    assert.equal(await catalog.refresh(), 1);
    assert.deepEqual(catalog.list()[0]!.artifacts.get("kernel")!.digest, old.kernel);
  }
  place.clock.advance(1);
  await catalog.refresh();
  assert.deepEqual(served(catalog), { kernel: sha256Hex(testBytes(500_000, 9)) });
});

Deno.test("a clock that jumps ahead doesn't make a file look settled", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open();
  const old = served(catalog);
  await replaceFiles(place.artifacts, { kernel: newer });
  await catalog.refresh();
  place.clock.set(place.clock.now() + 86_400_000);
  await catalog.refresh();
  assert.deepEqual(served(catalog), old);
});

Deno.test("who reads an artifact reads it to its end, and then it is closed", async () => {
  if (Deno.build.os !== "linux") return console.log("SKIPPED: needs /proc");
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open();
  const old = catalog.list()[0]!.artifacts.get("kernel")!;
  const reader = old.acquire();
  await replaceFiles(place.artifacts, { kernel: newer });
  await followed(catalog, place.clock);
  assert.deepEqual(served(catalog), { kernel: sha256Hex(newer) });
  const into = new Uint8Array(kernel.length);
  assert.equal(await old.read(into, 0), kernel.length);
  assert.deepEqual(into, kernel);
  assert.equal(openFilesIn(place.artifacts), 2);
  reader[Symbol.dispose]();
  assert.equal(openFilesIn(place.artifacts), 1);
  await assert.rejects(old.read(into, 0), { code: "internal" });
});

Deno.test("channels and arches appear and vanish", async () => {
  await using place = await catalogPlace({ "stable/arm64/kernel": kernel });
  await using catalog = await place.open();
  const changes = changesOf(catalog);
  await writeFiles(place.artifacts, { "testing/arm64/kernel": newer });
  await followed(catalog, place.clock);
  assert.deepEqual(served(catalog, "testing"), { kernel: sha256Hex(newer) });
  assert.equal(catalog.list().length, 2);
  await Deno.remove(join(place.artifacts, "stable"), { recursive: true });
  await catalog.refresh();
  assert.equal(catalog.list().length, 2, "a moment without files is no news");
  place.clock.advance(watchLimits.settleMs);
  await catalog.refresh();
  assert.deepEqual(catalog.list().map(({ channel }) => channel), ["testing"]);
  assert.deepEqual(catalog.default, { channel: "testing", arch: "arm64" });
  assert.deepEqual(changes.map((change) => change.replace(/\d{5,}/, "N")), [
    "published testing/arm64 N",
    "withdrawn stable/arm64 -",
  ]);
  assert.deepEqual(await catalog.check(), []);
});

Deno.test("a channel that comes back has a higher sequence than before", async () => {
  await using place = await catalogPlace({
    "stable/arm64/kernel": kernel,
    "testing/arm64/kernel": kernel,
  });
  // Nothing can be kept: only memory knows.
  await using catalog = await place.open({ stateDir: "/proc/no/such/state" });
  const { sequence } = catalog.find("testing", "arm64")!.manifest.manifest;
  await Deno.remove(join(place.artifacts, "testing"), { recursive: true });
  await followed(catalog, place.clock);
  assert.equal(catalog.find("testing", "arm64"), undefined);
  place.clock.set(place.clock.now() - 3_600_000);
  await writeFiles(place.artifacts, { "testing/arm64/kernel": newer });
  await followed(catalog, place.clock);
  assert.equal(catalog.find("testing", "arm64")!.manifest.manifest.sequence, sequence + 1);
});

Deno.test("what can't be served leaves the last image, and is a problem until it can", async (t) => {
  const cases: Record<string, (directory: string) => Promise<void>> = {
    "a second kernel": (directory) => writeFiles(directory, { "vmlinuz-2": newer }),
    "no kernel": (directory) => Deno.remove(join(directory, "kernel")),
    "an empty kernel": (directory) => replaceFiles(directory, { kernel: "" }),
    "a link out": async (directory) => {
      await Deno.symlink("/etc/hostname", join(directory, "initrd"));
    },
    "no manifest but a bad one": (directory) => writeFiles(directory, { "manifest.json": "{}" }),
  };
  for (const [name, change] of Object.entries(cases)) {
    await t.step(name, async () => {
      const files = { "stable/arm64/kernel": kernel, "stable/arm64/rootfs": rootfs };
      await using place = await catalogPlace({ ...files, "testing/arm64/kernel": kernel });
      await using catalog = await place.open();
      const before = catalog.find("stable", "arm64");
      const directory = join(place.artifacts, "stable/arm64");
      await change(directory);
      await replaceFiles(place.artifacts, { "testing/arm64/kernel": newer });
      await followed(catalog, place.clock);
      assert.equal(catalog.find("stable", "arm64"), before);
      assert.deepEqual(served(catalog, "testing"), { kernel: sha256Hex(newer) });
      const [problem, ...more] = await catalog.check();
      assert.deepEqual(more, []);
      assert.deepEqual([problem!.channel, problem!.pending], ["stable", true]);
      await catalog.refresh();
      assert.equal(place.log.warnings().length, 1, "a problem is logged once");
      await Deno.remove(directory, { recursive: true });
      await writeFiles(place.artifacts, { ...files, "stable/arm64/rootfs": newer });
      await followed(catalog, place.clock);
      assert.deepEqual(served(catalog), { kernel: sha256Hex(kernel), rootfs: sha256Hex(newer) });
      assert.deepEqual(await catalog.check(), []);
    });
  }
});

Deno.test("a directory that is empty or gone leaves all images, each with a problem", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open();
  await Deno.rename(place.artifacts, `${place.artifacts}.old`);
  await followed(catalog, place.clock);
  assert.deepEqual(served(catalog), { kernel: sha256Hex(kernel) });
  assert.match((await catalog.check())[0]!.message, /No artifacts directory/);
  await writeFiles(place.artifacts, { kernel: newer });
  await followed(catalog, place.clock);
  assert.deepEqual(served(catalog), { kernel: sha256Hex(newer) });
  assert.deepEqual(await catalog.check(), []);
});

Deno.test("a file that is rewritten in place is a problem until it has settled", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open();
  await writeFiles(place.artifacts, { kernel: newer });
  await catalog.refresh();
  assert.deepEqual((await catalog.check()).map(({ code, pending }) => [code, pending]), [
    ["changed", undefined],
  ]);
  await followed(catalog, place.clock);
  assert.deepEqual(await catalog.check(), []);
  assert.deepEqual(served(catalog), { kernel: sha256Hex(newer) });
});

Deno.test("the same bytes in another file are no new publication", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open();
  const changes = changesOf(catalog);
  const [before] = catalog.list();
  await replaceFiles(place.artifacts, { kernel });
  await followed(catalog, place.clock);
  const [after] = catalog.list();
  assert.deepEqual(after!.manifest.bytes, before!.manifest.bytes);
  assert.equal(after!.madeAt, before!.madeAt);
  assert.deepEqual(changes, []);
  await assert.rejects(before!.artifacts.get("kernel")!.check(), { code: "internal" });
  await after!.artifacts.get("kernel")!.check();
});

Deno.test("the last version of a file is served again when it comes back", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open();
  const { id } = catalog.list()[0]!.manifest;
  const path = join(place.artifacts, "kernel");
  await Deno.rename(path, join(place.artifacts, ".kernel"));
  await followed(catalog, place.clock);
  assert.equal((await catalog.check()).length, 1);
  await Deno.rename(join(place.artifacts, ".kernel"), path);
  await followed(catalog, place.clock);
  assert.deepEqual(await catalog.check(), []);
  assert.equal(catalog.list()[0]!.manifest.id, id);
});

Deno.test("a listener that fails disturbs nobody, and one that is disposed hears nothing", async () => {
  await using place = await catalogPlace({ kernel });
  await using catalog = await place.open();
  catalog.onChange(() => {
    throw new Error("no");
  });
  let heard = 0;
  using listening = catalog.onChange(() => heard++);
  await replaceFiles(place.artifacts, { kernel: newer });
  await followed(catalog, place.clock);
  assert.equal(heard, 1);
  listening[Symbol.dispose]();
  await replaceFiles(place.artifacts, { kernel });
  await followed(catalog, place.clock);
  assert.equal(heard, 1);
});

/** Descriptors of this process that lead into a directory, of removed files too. */
function openFilesIn(directory: string): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(directory);
    } catch {
      return false;
    }
  }).length;
}
