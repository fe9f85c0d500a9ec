import assert from "node:assert/strict";
import { generateManifest, type GenerateOptions } from "../../src/artifacts/generate.ts";
import { parseManifest } from "../../src/formats/manifest.ts";
import { manifestPrefix, validSigners } from "../../src/formats/signed.ts";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { type CatalogPlace, catalogPlace, testBytes } from "../support/artifacts.ts";
import { testIdentity } from "../support/manifests.ts";

const kernel = testBytes(300_000);

function generate(place: CatalogPlace, options: Partial<GenerateOptions> = {}) {
  return generateManifest({
    directory: place.artifacts,
    channel: "stable",
    arch: "arm64",
    exactly: false,
    ...options,
  }, place.deps);
}

Deno.test("a manifest is made of a directory, and signed where there is a key", async () => {
  await using place = await catalogPlace({ vmlinuz: kernel });
  const identity = testIdentity(4);
  const { bytes, manifest } = await generate(place, { identity, cmdline: "quiet" });
  assert.deepEqual(parseManifest(bytes), manifest);
  assert.deepEqual(validSigners(manifestPrefix, manifest), [identity.keyid]);
  assert.equal(manifest.artifacts.kernel.hash, `sha256:${sha256Hex(kernel)}`);
  assert.equal(manifest.cmdline, "quiet");
});

Deno.test("without a key nobody has signed it, and it is canonical all the same", async () => {
  await using place = await catalogPlace({ vmlinuz: kernel });
  const { bytes } = await generate(place);
  assert.deepEqual(parseManifest(bytes).signatures, []);
});

Deno.test("what is generated is served as it is by who holds the key", async () => {
  await using place = await catalogPlace({ vmlinuz: kernel });
  const { bytes } = await generate(place, { identity: testIdentity(1), imageVersion: "9" });
  await Deno.writeFile(`${place.artifacts}/manifest.json`, bytes);
  for (const identity of [testIdentity(1), testIdentity(2)]) {
    await using catalog = await place.open({ identity });
    assert.deepEqual(catalog.list()[0]!.manifest.bytes, bytes);
  }
});

Deno.test("a manifest that lies there already, even a broken one, doesn't matter", async () => {
  await using place = await catalogPlace({ vmlinuz: kernel, "manifest.json": "{" });
  const { manifest } = await generate(place);
  assert.deepEqual(Object.keys(manifest.artifacts), ["kernel"]);
});

Deno.test("of a tree the image that was asked for is taken, or the only one", async () => {
  await using place = await catalogPlace({ "testing/amd64/kernel": kernel });
  const { manifest } = await generate(place);
  assert.equal(manifest.channel, "testing");
  assert.equal(manifest.arch, "x86_64");
  assert.equal(manifest.artifacts.kernel.path, "/testing/x86_64/kernel");
  await assert.rejects(generate(place, { exactly: true }), {
    code: "artifacts",
    message: /^No stable\/arm64 in ".*artifacts"$/,
    hint: /testing\/x86_64/,
  });
});

Deno.test("of a tree with several images one must be asked for", async () => {
  await using place = await catalogPlace({
    "stable/amd64/kernel": kernel,
    "beta/arm64/kernel": kernel,
  });
  await assert.rejects(generate(place), { code: "artifacts", hint: /beta\/arm64\nstable\/x86_64/ });
  const { manifest } = await generate(place, { channel: "beta", exactly: true });
  assert.equal(manifest.channel, "beta");
});

Deno.test("an abort ends it with its reason", async () => {
  await using place = await catalogPlace({ vmlinuz: testBytes(32_000_000) });
  const stop = new AbortController();
  const options = { signal: stop.signal, onProgress: () => stop.abort() };
  await assert.rejects(generate(place, options), { name: "AbortError" });
});
