import assert from "node:assert/strict";
import { join } from "node:path";
import type { OpenCatalog } from "../../src/artifacts/catalog.ts";
import { formatTime } from "../../src/formats/time.ts";
import type { Identity } from "../../src/identity/key_file.ts";
import { watchLimits } from "../../src/lib/limits.ts";
import {
  type CatalogPlace,
  catalogPlace,
  followed,
  replaceFiles,
  testBytes,
  writeFiles,
} from "../support/artifacts.ts";
import { artifactOf, signedManifest, testIdentity } from "../support/manifests.ts";

const own = testIdentity(1);
const publisher = testIdentity(2);
const day = 86_400_000;

/** One version of an image: its files with the publisher's manifest. */
interface Version {
  readonly kernel: Uint8Array;
  readonly rootfs: Uint8Array;
  readonly "manifest.json": Uint8Array;
}

function version(place: { clock: CatalogPlace["clock"] }, seed: number, by: Identity[]): Version {
  const kernel = testBytes(400_000 + seed, seed);
  const rootfs = testBytes(200_000 + seed, seed + 100);
  const made = place.clock.now() - 3_600_000;
  const manifest = signedManifest({
    sequence: Math.floor(made / 1000) + seed,
    created_at: formatTime(made),
    expires_at: formatTime(made + 30 * day),
    artifacts: { kernel: artifactOf(kernel, "/kernel"), rootfs: artifactOf(rootfs, "/rootfs") },
  }, by);
  return { kernel, rootfs, "manifest.json": manifest };
}

/** A place that mirrors the publisher's first version. */
async function mirror(): Promise<CatalogPlace & { first: Version; second: Version }> {
  const place = await catalogPlace({});
  const first = version(place, 1, [publisher]);
  await writeFiles(place.artifacts, { ...first });
  return { ...place, first, second: version(place, 2, [publisher]) };
}

const bytesOf = (catalog: OpenCatalog) => catalog.list()[0]!.manifest.bytes;

for (
  const order of [
    ["kernel", "rootfs", "manifest.json"],
    ["manifest.json", "rootfs", "kernel"],
    ["rootfs", "manifest.json", "kernel"],
  ] as const
) {
  Deno.test(`a newer version is taken over once all is there: ${order.join(", ")}`, async () => {
    await using place = await mirror();
    await using catalog = await place.open();
    for (const name of order) {
      assert.deepEqual(bytesOf(catalog), place.first["manifest.json"]);
      await replaceFiles(place.artifacts, { [name]: place.second[name] });
      await followed(catalog, place.clock);
      const problems = await catalog.check();
      // Half copied, the old version is served whole, from files that have no name any more.
      if (name !== order[2]) assert.deepEqual(problems.map(({ pending }) => pending), [true]);
      else assert.deepEqual(problems, []);
    }
    assert.deepEqual(bytesOf(catalog), place.second["manifest.json"]);
    const read = new Uint8Array(place.second.kernel.length);
    await catalog.list()[0]!.artifacts.get("kernel")!.read(read, 0);
    assert.deepEqual(read, place.second.kernel);
  });
}

Deno.test("a manifest that doesn't fit its files is named, and health knows", async () => {
  await using place = await mirror();
  await using catalog = await place.open();
  await replaceFiles(place.artifacts, { "manifest.json": place.second["manifest.json"] });
  await followed(catalog, place.clock);
  const [problem] = await catalog.check();
  assert.equal(problem!.code, "mismatch");
  assert.match(problem!.message, /manifest\.json": kernel: size is 400001/);
});

Deno.test("without its manifest, a mirror's files are not published under our own key", async () => {
  await using place = await mirror();
  await using catalog = await place.open();
  await Deno.remove(join(place.artifacts, "manifest.json"));
  await replaceFiles(place.artifacts, { kernel: place.second.kernel });
  await followed(catalog, place.clock);
  assert.deepEqual(bytesOf(catalog), place.first["manifest.json"]);
  assert.match((await catalog.check())[0]!.message, /manifest of stable\/arm64 is gone/);
  const { rootfs, "manifest.json": manifest } = place.second;
  await replaceFiles(place.artifacts, { rootfs, "manifest.json": manifest });
  await followed(catalog, place.clock);
  assert.deepEqual(bytesOf(catalog), manifest);
});

Deno.test("asked to, a mirror becomes a publisher of its own", async () => {
  await using place = await mirror();
  await using catalog = await place.open();
  await Deno.remove(join(place.artifacts, "manifest.json"));
  await followed(catalog, place.clock);
  assert.equal(await catalog.reload({}), undefined);
  assert.deepEqual(catalog.list()[0]!.manifest.signers, [own.keyid]);
  assert.deepEqual(await catalog.check(), []);
});

Deno.test("a publisher that gets another's manifest becomes a mirror", async () => {
  await using place = await mirror();
  await Deno.remove(join(place.artifacts, "manifest.json"));
  await using catalog = await place.open();
  assert.deepEqual(catalog.list()[0]!.manifest.signers, [own.keyid]);
  await replaceFiles(place.artifacts, { ...place.second });
  await followed(catalog, place.clock);
  assert.deepEqual(bytesOf(catalog), place.second["manifest.json"]);
});

Deno.test("a mirror's manifest is never signed again, and its expiry is told once", async () => {
  await using place = await mirror();
  await using catalog = await place.open();
  const kinds: string[] = [];
  catalog.onChange(({ kind }) => kinds.push(kind));
  for (let days = 0; days <= 31; days++) {
    place.clock.advance(day);
    await catalog.refresh();
  }
  assert.deepEqual(bytesOf(catalog), place.first["manifest.json"]);
  assert.deepEqual(kinds, ["expired"]);
  assert.ok((await catalog.check()).some(({ code }) => code === "expired"));
  assert.equal(place.log.warnings().filter((text) => /has expired/.test(text)).length, 1);
});

Deno.test("a manifest of tomorrow is taken over when its time has come", async () => {
  await using place = await mirror();
  await using catalog = await place.open();
  place.clock.advance(2 * day);
  const future = version(place, 3, [publisher]);
  place.clock.set(place.clock.now() - 2 * day);
  await replaceFiles(place.artifacts, { ...future });
  await followed(catalog, place.clock);
  assert.equal((await catalog.check())[0]!.code, "not_yet_valid");
  place.clock.advance(day);
  await catalog.refresh();
  place.clock.advance(watchLimits.retryMs);
  await catalog.refresh();
  assert.deepEqual(bytesOf(catalog), future["manifest.json"]);
});

Deno.test("another signature on the same manifest is served, too", async () => {
  await using place = await mirror();
  const made = { clock: place.clock };
  const [one, two] = [
    version(made, 5, [publisher]),
    version(made, 5, [publisher, testIdentity(3)]),
  ];
  await replaceFiles(place.artifacts, { ...one });
  await using catalog = await place.open();
  const { id } = catalog.list()[0]!.manifest;
  await replaceFiles(place.artifacts, { "manifest.json": two["manifest.json"] });
  await followed(catalog, place.clock);
  assert.deepEqual(bytesOf(catalog), two["manifest.json"]);
  assert.equal(catalog.list()[0]!.manifest.id, id);
});
