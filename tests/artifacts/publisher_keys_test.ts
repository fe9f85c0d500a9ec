import assert from "node:assert/strict";
import { generateManifest } from "../../src/artifacts/generate.ts";
import { checkSigner, readKeyLists, sameKeyLists } from "../../src/artifacts/publisher_keys.ts";
import { type KeyList, keyListsFile } from "../../src/formats/key_list.ts";
import { policyFromKeys } from "../../src/trust/policy.ts";
import { verifyManifest } from "../../src/trust/verify.ts";
import { catalogPlace, testBytes } from "../support/artifacts.ts";
import { roleOf, signedKeyList } from "../support/key_lists.ts";
import { madeAt, testIdentity } from "../support/manifests.ts";
import { tempDirectory } from "../support/temp.ts";

const [root, publisher, next] = [testIdentity(1), testIdentity(2), testIdentity(3)];
const roles = { root: roleOf([root]), publish: roleOf([publisher]) };
const one = signedKeyList({ list_version: 1, ...roles }, [root]);
const two = signedKeyList({ list_version: 2, ...roles, publish: roleOf([next]) }, [root]);
const kernel = testBytes(10_000);

/** Lists that are in force now, whenever that is. */
function fresh(now: number): KeyList[] {
  const at = (ms: number) => new Date(now + ms).toISOString().replace(/\.\d+Z$/, "Z");
  const times = { created_at: at(-60_000), expires_at: at(86_400_000) };
  return [signedKeyList({ list_version: 1, ...roles, ...times }, [root])];
}

async function reading(bytes: Uint8Array, now = madeAt) {
  await using directory = await tempDirectory();
  await Deno.writeFile(directory.join("keys.json"), bytes);
  return await readKeyLists(directory.join("keys.json"), now);
}

async function refused(bytes: Uint8Array, message: RegExp, now = madeAt) {
  await assert.rejects(reading(bytes, now), { name: "PlasmdError", code: "config", message });
}

Deno.test("a file of key lists is read whole", async () => {
  assert.deepEqual(await reading(keyListsFile([one, two])), [one, two]);
});

Deno.test("lists that clients would refuse are not published", async () => {
  await refused(new TextEncoder().encode("{}"), /Cannot publish the key lists ".*keys\.json": /);
  await refused(keyListsFile([{ ...one, signatures: [] }]), /is not signed by a pinned root key/);
  await refused(keyListsFile([one, { ...two, signatures: [] }]), /Key list 2 is signed by 0 of/);
  await refused(keyListsFile([one, { ...two, list_version: 3 }]), /list 2 is missing/);
  await refused(keyListsFile([one]), /Key list 1 has expired/, Date.UTC(2026, 5));
});

Deno.test("a file that isn't there or is far too large says so", async () => {
  await assert.rejects(readKeyLists("/nonexistent/keys.json", madeAt), { code: "io" });
  await assert.rejects(reading(new Uint8Array(1024 * 1024)), { code: "too_large" });
});

Deno.test("only a publish key of the last list signs manifests", () => {
  checkSigner([one], publisher.keyid);
  checkSigner([one, two], next.keyid);
  const refusedKey = (lists: KeyList[], keyid: string, message: RegExp, hint: RegExp) =>
    assert.throws(() => checkSigner(lists, keyid), { code: "config", message, hint });
  refusedKey([one], root.keyid, /is a root key, which signs key lists only/, /--signing-key/);
  refusedKey(
    [one, two],
    publisher.keyid,
    /key list 2 doesn't name ed25519:\w+ as a publish key/,
    new RegExp(`its publish keys: ${next.keyid}`),
  );
});

Deno.test("the same lists are the same, and none are none", () => {
  assert.ok(sameKeyLists(undefined, undefined));
  assert.ok(sameKeyLists([one], [JSON.parse(JSON.stringify(one))]));
  assert.ok(!sameKeyLists([one], undefined));
  assert.ok(!sameKeyLists([one], [one, two]));
});

Deno.test("a generated manifest carries the lists, and who pins the root accepts it", async () => {
  await using place = await catalogPlace({ vmlinuz: kernel });
  const now = place.deps.clock.now();
  const options = {
    directory: place.artifacts,
    channel: "stable",
    arch: "arm64",
    exactly: false,
    keyLists: fresh(now),
  } as const;
  const { bytes } = await generateManifest({ ...options, identity: publisher }, place.deps);
  const policy = policyFromKeys([`root:${root.keyid}`]);
  assert.deepEqual(verifyManifest(bytes, { policy, now }).signers, [publisher.keyid]);
  await assert.rejects(generateManifest({ ...options, identity: root }, place.deps), {
    code: "config",
    message: /is a root key/,
  });
});

Deno.test("what a provider signs again keeps the lists of the manifest that lay there", async () => {
  await using place = await catalogPlace({ vmlinuz: kernel });
  const keyLists = fresh(place.deps.clock.now());
  const { bytes } = await generateManifest({
    ...{ directory: place.artifacts, channel: "stable", arch: "arm64", exactly: false },
    keyLists,
    identity: publisher,
  }, place.deps);
  await Deno.writeFile(`${place.artifacts}/manifest.json`, bytes);
  // Other files: a new manifest has to be signed.
  await Deno.writeFile(`${place.artifacts}/vmlinuz`, testBytes(20_000));
  await using catalog = await place.open({ identity: publisher });
  const [served] = catalog.list();
  assert.notDeepEqual(served!.manifest.bytes, bytes);
  assert.deepEqual(served!.manifest.manifest.key_lists, keyLists);
});

Deno.test("a list that expires before the manifest that carries it is warned of", async () => {
  await using place = await catalogPlace({ vmlinuz: kernel });
  const keyLists = fresh(place.deps.clock.now());
  const warned = async (lifetimeMs: number) => {
    await using catalog = await place.open({ identity: publisher, keyLists, lifetimeMs });
    assert.equal(catalog.list().length, 1);
    return place.log.warnings().length;
  };
  assert.equal(await warned(3_600_000), 0);
  assert.equal(await warned(30 * 86_400_000), 1);
  assert.match(place.log.warnings()[0]!, /key list expires before the manifest/);
});
