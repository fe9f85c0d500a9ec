import assert from "node:assert/strict";
import { join } from "node:path";
import type { Manifest, ManifestFields } from "../../src/formats/manifest.ts";
import { formatTime } from "../../src/formats/time.ts";
import type { Identity } from "../../src/identity/key_file.ts";
import { type CatalogPlace, catalogPlace, testBytes, writeFiles } from "../support/artifacts.ts";
import { artifactOf, signedManifest, testIdentity } from "../support/manifests.ts";

const kernel = testBytes(600_000, 1);
const rootfs = testBytes(300_000, 2);
const own = testIdentity(1);
const others = [testIdentity(2), testIdentity(3)];
const day = 86_400_000;

/** A manifest of those files, made an hour ago. */
function manifestOf(
  place: CatalogPlace,
  identities: readonly Identity[],
  changes: Partial<ManifestFields> = {},
): Uint8Array<ArrayBuffer> {
  const made = place.clock.now() - 3_600_000;
  return signedManifest({
    sequence: Math.floor(made / 1000),
    created_at: formatTime(made),
    expires_at: formatTime(made + 30 * day),
    version: "theirs",
    artifacts: {
      kernel: artifactOf(kernel, "/kernel"),
      rootfs: artifactOf(rootfs, "/stable/arm64/rootfs", 512 * 1024),
    },
    ...changes,
  }, identities);
}

async function placeWith(
  identities: readonly Identity[],
  changes?: Partial<ManifestFields>,
): Promise<CatalogPlace & { readonly manifest: Uint8Array<ArrayBuffer> }> {
  const place = await catalogPlace({ kernel, rootfs });
  const manifest = manifestOf(place, identities, changes);
  await writeFiles(place.artifacts, { "manifest.json": manifest });
  return { ...place, manifest };
}

async function served(place: CatalogPlace, options?: Parameters<CatalogPlace["open"]>[0]) {
  await using catalog = await place.open(options);
  return catalog.list()[0]!;
}

Deno.test("another publisher's manifest is served byte for byte", async () => {
  await using place = await placeWith(others);
  const { manifest } = await served(place);
  assert.deepEqual(manifest.bytes, place.manifest);
  assert.deepEqual([...manifest.signers].sort(), others.map(({ keyid }) => keyid).sort());
  // Nothing was published, so nothing is kept.
  await assert.rejects(Deno.stat(join(place.stateDir, "manifests")), Deno.errors.NotFound);
});

Deno.test("flags don't change another publisher's manifest", async () => {
  await using place = await placeWith(others);
  const { manifest } = await served(place, { cmdline: "quiet", imageVersion: "mine" });
  assert.deepEqual(manifest.bytes, place.manifest);
});

Deno.test("files that another publisher's manifest doesn't name are not served", async () => {
  await using place = await placeWith(others);
  await writeFiles(place.artifacts, { "initrd.img": "not signed by anybody" });
  const { artifacts } = await served(place);
  assert.deepEqual([...artifacts.keys()], ["kernel", "rootfs"]);
});

Deno.test("an artifact of a name that we don't know doesn't matter", async () => {
  await using place = await catalogPlace({ kernel, rootfs });
  const artifacts = {
    kernel: artifactOf(kernel, "/kernel"),
    dtb: artifactOf(rootfs, "/dtb"),
  } as Manifest["artifacts"];
  await writeFiles(place.artifacts, {
    "manifest.json": manifestOf(place, others, { artifacts }),
  });
  const snapshot = await served(place);
  assert.deepEqual([...snapshot.artifacts.keys()], ["kernel"]);
});

const differing: Record<string, (place: CatalogPlace) => Promise<void>> = {
  "a byte": (place) => {
    const flipped = Uint8Array.from(rootfs);
    flipped[299_999]! ^= 1;
    return writeFiles(place.artifacts, { rootfs: flipped });
  },
  "a length": (place) => writeFiles(place.artifacts, { rootfs: rootfs.subarray(1) }),
  "a missing file": (place) => Deno.remove(join(place.artifacts, "rootfs")),
};
for (const [name, change] of Object.entries(differing)) {
  Deno.test(`${name} that differs from another publisher's manifest is a mismatch`, async () => {
    await using place = await placeWith(others);
    await change(place);
    await assert.rejects(place.open(), {
      code: "mismatch",
      message: /manifest\.json": rootfs: /,
      hint: /from its publisher/,
    });
  });
}

Deno.test("chunk hashes that the files don't have are a mismatch", async () => {
  await using place = await catalogPlace({ kernel, rootfs });
  const good = artifactOf(kernel, "/kernel");
  const wrong = { ...good, chunks: artifactOf(testBytes(600_000, 9), "/kernel").chunks };
  await writeFiles(place.artifacts, {
    "manifest.json": manifestOf(place, others, { artifacts: { kernel: wrong } }),
  });
  await assert.rejects(place.open(), {
    code: "mismatch",
    message: /kernel: the hashes of its chunks/,
  });
});

Deno.test("a manifest that can't be served says why, and in which file", async () => {
  await using place = await catalogPlace({ kernel, rootfs });
  const good = manifestOf(place, others);
  const text = new TextDecoder().decode(good);
  const future = place.clock.now() + 2 * day;
  const cases: [string, Uint8Array | string, string, RegExp][] = [
    ["unsigned", manifestOf(place, []), "untrusted", /nobody has signed it/],
    ["tampered", text.replace('"theirs"', '"thairs"'), "untrusted", /none of its signatures/],
    ["re-formatted", JSON.stringify(JSON.parse(text), null, 2), "malformed", /manifest\.json/],
    ["no JSON", "hello", "malformed", /manifest\.json/],
    [
      "for another channel",
      manifestOf(place, others, {
        channel: "testing",
        artifacts: { kernel: artifactOf(kernel, "/kernel") },
      }),
      "wrong_target",
      /testing\/arm64/,
    ],
    [
      "expired",
      manifestOf(place, others, { expires_at: formatTime(place.clock.now() - 1000) }),
      "expired",
      /has expired/,
    ],
    [
      "from the future",
      manifestOf(place, others, {
        created_at: formatTime(future),
        expires_at: formatTime(future + day),
      }),
      "not_yet_valid",
      /made in the future/,
    ],
  ];
  for (const [name, bytes, code, message] of cases) {
    await writeFiles(place.artifacts, { "manifest.json": bytes });
    await assert.rejects(place.open(), (thrown: Error & { code: string; hint: string }) => {
      assert.equal(thrown.code, code, name);
      assert.match(thrown.message, message, name);
      assert.match(thrown.message, /^Cannot serve ".*manifest\.json": /, name);
      assert.match(thrown.hint, /published under this machine's own key/, name);
      return true;
    });
  }
});

Deno.test("a manifest above the limit is refused before it is parsed", async () => {
  await using place = await placeWith(others);
  await Deno.truncate(join(place.artifacts, "manifest.json"), 2 * 1024 * 1024);
  await assert.rejects(place.open(), {
    code: "malformed",
    message: /^Cannot serve ".*manifest\.json": size is 2 MiB, limit is 1 MiB$/,
  });
});

Deno.test("our own manifest is served as it is while it fits", async () => {
  await using place = await placeWith([own]);
  const { manifest } = await served(place);
  assert.deepEqual(manifest.bytes, place.manifest);
});

Deno.test("our own manifest is signed anew when files change, and keeps its command line", async () => {
  await using place = await placeWith([own], { cmdline: "root=LABEL=x" });
  await writeFiles(place.artifacts, { rootfs: testBytes(1000, 7) });
  const { manifest: { manifest, bytes }, artifacts } = await served(place);
  assert.equal(manifest.cmdline, "root=LABEL=x");
  assert.notEqual(manifest.version, "theirs");
  assert.ok(manifest.sequence > Math.floor(place.clock.now() / 1000) - 60);
  assert.equal(artifacts.get("rootfs")!.size, 1000);
  // The new one is kept, and served after a restart beside the old file.
  assert.deepEqual((await served(place)).manifest.bytes, bytes);
  assert.deepEqual(await Deno.readFile(join(place.artifacts, "manifest.json")), place.manifest);
});

Deno.test("our own manifest is signed anew at half time and when it has expired", async () => {
  for (const days of [16, 40]) {
    await using place = await placeWith([own]);
    place.clock.advance(days * day);
    const { manifest: { manifest } } = await served(place);
    assert.equal(manifest.version, "theirs"); // the same files are the same version
    assert.ok(Date.parse(manifest.expires_at) > place.clock.now() + 29 * day);
  }
});

Deno.test("what others signed with us is served until it expires", async () => {
  await using place = await placeWith([own, ...others]);
  place.clock.advance(29 * day);
  assert.deepEqual((await served(place)).manifest.bytes, place.manifest);
  place.clock.advance(2 * day);
  assert.deepEqual((await served(place)).manifest.signers, [own.keyid]);
});

Deno.test("our signature on a manifest that was tampered with is none of ours", async () => {
  await using place = await placeWith([own]);
  const text = new TextDecoder().decode(place.manifest);
  await writeFiles(place.artifacts, {
    "manifest.json": text.replace("console=ttyS0", "init=/bin/sh#"),
    rootfs: "other bytes",
  });
  await assert.rejects(place.open(), { code: "untrusted" });
});
