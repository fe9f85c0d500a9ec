import assert from "node:assert/strict";
import { bootFetch, type BootFetchOptions } from "../../src/boot/fetch.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { policyFromKeys } from "../../src/trust/policy.ts";
import { type Behave, type FakeOrigin, startOrigin } from "../support/fake_origin.ts";
import { namesIn } from "../support/fetching.ts";
import { honest, testImage } from "../support/image_origin.ts";
import { signedManifest, testIdentity } from "../support/manifests.ts";
import { quickDeps, quickLimits } from "../support/quick.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";

const image = testImage();

function fetchImage(
  directory: TempDirectory,
  origins: readonly (FakeOrigin | string)[],
  changes: Partial<BootFetchOptions> = {},
) {
  return bootFetch({
    urls: origins.map((origin) => typeof origin === "string" ? origin : origin.url),
    policy: image.policy,
    output: directory.join("out"),
    stateDir: directory.join("state"),
    signal: new AbortController().signal,
    ...changes,
    limits: { ...quickLimits, ...changes.limits },
  }, quickDeps);
}

const fails = (code: string, message: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof PlasmdError, String(thrown));
  assert.equal(thrown.code, code, thrown.message);
  assert.match(thrown.message, message);
  return true;
};

/** The address of nobody. */
function nobody(): string {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return `http://127.0.0.1:${port}`;
}

/** Serves other bytes as manifest. */
const withManifest = (manifest: Uint8Array): Behave => (request, origin) =>
  request.path.endsWith("manifest.json") ? { body: manifest } : honest(image)(request, origin);

Deno.test("an image is taken from a provider's URL, and its floor is kept", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  const outcome = await fetchImage(directory, [origin]);
  assert.deepEqual(await namesIn(directory.join("out")), ["kernel", "manifest.json", "rootfs"]);
  assert.equal(outcome.verified.id, image.verified.id);
  assert.equal(outcome.floorKept, true);
  assert.ok(outcome.durationMs > 0);
});

Deno.test("a URL of a manifest is taken as it is", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  await fetchImage(directory, [`${origin.url}/manifest.json`]);
  assert.equal(origin.requests[0]!.path, "/manifest.json");
});

Deno.test("with channel and arch the named manifest is asked for", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin((request, self) =>
    honest(image)({ ...request, path: request.path.replace("/stable/arm64", "") }, self)
  );
  await fetchImage(directory, [origin], { channel: "stable", arch: "arm64" });
  assert.equal(origin.requests[0]!.path, "/stable/arm64/manifest.json");
});

Deno.test("an image of another channel or arch than asked for is refused", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(withManifest(image.manifest));
  await assert.rejects(
    fetchImage(directory, [origin], { channel: "testing", arch: "arm64" }),
    fails("wrong_target", /testing/),
  );
  await assert.rejects(
    fetchImage(directory, [`${origin.url}/stable/x86_64/manifest.json`]),
    fails("wrong_target", /x86_64/),
  );
});

const tampered = new TextEncoder().encode(
  new TextDecoder().decode(image.manifest).replace("console=ttyS0", "console=ttyS1"),
);
const refused: readonly (readonly [what: string, manifest: Uint8Array, code: string])[] = [
  ["was tampered with", tampered, "untrusted"],
  ["is signed by another key", signedManifest({}, [testIdentity(2)]), "untrusted"],
  ["is no JSON", new TextEncoder().encode("<html>"), "malformed"],
  ["is empty", new Uint8Array(), "malformed"],
  ["is re-formatted", new Uint8Array([...image.manifest, 10]), "malformed"],
  ["is of 2 MiB", new Uint8Array(2 * 1024 * 1024), "malformed"],
];

for (const [what, manifest, code] of refused) {
  Deno.test(`a manifest that ${what} is refused, and nothing is asked for after it`, async () => {
    await using directory = await tempDirectory();
    await using origin = startOrigin(withManifest(manifest));
    await assert.rejects(fetchImage(directory, [origin]), fails(code, /./));
    assert.deepEqual(origin.requests.map(({ path }) => path), ["/manifest.json"]);
    await assert.rejects(Deno.stat(directory.join("out")), Deno.errors.NotFound);
  });
}

Deno.test("of several providers the newest manifest wins, others are named and not used", async () => {
  await using directory = await tempDirectory();
  const older = testImage({ sequence: 1_764_158_000 }, 7);
  await using stale = startOrigin(honest(older));
  await using foreign = startOrigin(withManifest(signedManifest({}, [testIdentity(2)])));
  await using good = startOrigin(honest(image));
  const outcome = await fetchImage(directory, [stale, foreign, nobody(), good]);
  assert.equal(outcome.verified.id, image.verified.id);
  assert.deepEqual(outcome.providers.map(({ name }) => name), [good.url]);
  assert.deepEqual(outcome.dropped.map(({ code }) => code).sort(), [
    "bad_source",
    "unreachable",
    "untrusted",
  ]);
  assert.deepEqual(stale.requests.map(({ path }) => path), ["/manifest.json"]);
  assert.deepEqual(foreign.requests.map(({ path }) => path), ["/manifest.json"]);
});

Deno.test("a silent provider doesn't hold up one that has answered", async () => {
  await using directory = await tempDirectory();
  await using silent = startOrigin((_, { closed }) => ({ status: 100, body: until(closed) }));
  await using good = startOrigin(honest(image));
  const started = performance.now();
  const limits = { connectMs: 60_000, manifestMs: 60_000, unreachableMs: 60_000 };
  const outcome = await fetchImage(directory, [silent, good], { limits });
  assert.ok(performance.now() - started < 3000);
  assert.deepEqual(outcome.dropped.map(({ name }) => name), [silent.url]);
});

async function* until(closed: Promise<void>) {
  await closed;
  yield new Uint8Array();
}

Deno.test("where nobody can be reached, that is said in time", async () => {
  await using directory = await tempDirectory();
  await using silent = startOrigin((_, { closed }) => ({ status: 100, body: until(closed) }));
  const limits = { connectMs: 60_000, unreachableMs: 150 };
  await assert.rejects(
    fetchImage(directory, [nobody(), silent], { limits }),
    fails("unreachable", /did not answer within 150 ms/),
  );
});

Deno.test("an older image is refused after a newer one, unless that is wanted", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  await fetchImage(directory, [origin]);
  const older = testImage({ sequence: 1_764_158_000 }, 7);
  await using stale = startOrigin(honest(older));
  await assert.rejects(fetchImage(directory, [stale]), fails("rollback", /./));
  const outcome = await fetchImage(directory, [stale], { allowRollback: true });
  assert.equal(outcome.verified.id, older.verified.id);
});

Deno.test("where the floor can't be kept, the image is fetched and that is said", async () => {
  await using directory = await tempDirectory();
  await Deno.writeTextFile(directory.join("state"), "a file");
  await using origin = startOrigin(honest(image));
  const warnings: string[] = [];
  const outcome = await fetchImage(directory, [origin], {
    stateDir: directory.join("state", "below"),
    onWarning: (message) => warnings.push(message),
  }).catch((thrown: PlasmdError) => thrown);
  // A state directory that can't even be looked at is an error; one that can't be written isn't.
  if (outcome instanceof PlasmdError) return assert.equal(outcome.code, "io");
  assert.equal(outcome.floorKept, false);
  assert.match(warnings[0]!, /older image/);
});

Deno.test("without a policy nothing is fetched, and the keys that have signed are named", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  await assert.rejects(
    fetchImage(directory, [origin], { policy: undefined }),
    fails("no_policy", new RegExp(testIdentity(1).keyid)),
  );
  assert.deepEqual(origin.requests.map(({ path }) => path), ["/manifest.json"]);
});

Deno.test("on first use the only signer is trusted, after it was told", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  const told: string[] = [];
  const onFirstUse = (keyid: string) => told.push(keyid);
  const outcome = await fetchImage(directory, [origin], { policy: undefined, onFirstUse });
  assert.deepEqual(told, [testIdentity(1).keyid]);
  assert.deepEqual(outcome.verified.signers, told);
});

Deno.test("on first use two signers are one too many", async () => {
  await using directory = await tempDirectory();
  const manifest = signedManifest({}, [testIdentity(1), testIdentity(2)]);
  await using origin = startOrigin(withManifest(manifest));
  await assert.rejects(
    fetchImage(directory, [origin], { policy: undefined, onFirstUse: () => {} }),
    fails("no_policy", /2 keys have signed/),
  );
});

Deno.test("a threshold that isn't reached is refused", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  const keys = [testIdentity(1).keyid, testIdentity(2).keyid];
  const policy = policyFromKeys(keys, { threshold: 2, source: "test" });
  await assert.rejects(fetchImage(directory, [origin], { policy }), fails("untrusted", /./));
});

Deno.test("no URL, and URLs of other kinds, are wrong usage", async () => {
  await using directory = await tempDirectory();
  await assert.rejects(fetchImage(directory, []), fails("usage", /No provider/));
  await assert.rejects(fetchImage(directory, ["file:///etc/passwd"]), fails("usage", /only http/));
});

Deno.test("stopping while a manifest is awaited ends at once", async () => {
  await using directory = await tempDirectory();
  await using silent = startOrigin((_, { closed }) => ({ status: 100, body: until(closed) }));
  const stop = new AbortController();
  const fetching = fetchImage(directory, [silent], { signal: stop.signal });
  while (silent.requests.length === 0) await quickDeps.clock.sleep(5);
  stop.abort(new PlasmdError("cancelled", "Stopped by a signal"));
  await assert.rejects(fetching, fails("cancelled", /Stopped/));
});
