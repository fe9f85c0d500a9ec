import assert from "node:assert/strict";
import { bootFetch } from "../../src/boot/fetch.ts";
import { parseCmdline } from "../../src/boot/cmdline.ts";
import type { KeyList } from "../../src/formats/key_list.ts";
import { parseManifest } from "../../src/formats/manifest.ts";
import { manifestPrefix, sign } from "../../src/formats/signed.ts";
import { formatTime } from "../../src/formats/time.ts";
import type { Identity } from "../../src/identity/key_file.ts";
import { loadPolicy } from "../../src/trust/load_policy.ts";
import { type Behave, startOrigin } from "../support/fake_origin.ts";
import { honest, testImage } from "../support/image_origin.ts";
import { roleOf, signedKeyList } from "../support/key_lists.ts";
import { testIdentity } from "../support/manifests.ts";
import { quickDeps, quickLimits } from "../support/quick.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";

const image = testImage();
const [root, newRoot] = [testIdentity(21), testIdentity(22)];
const [first, second, third] = [testIdentity(31), testIdentity(32), testIdentity(33)];
const now = quickDeps.clock.now();

function list(version: number, of: Identity, publish: Identity, signers = [of]): KeyList {
  const times = { created_at: formatTime(now - 60_000), expires_at: formatTime(now + 86_400_000) };
  const roles = { root: roleOf([of]), publish: roleOf([publish]) };
  return signedKeyList({ list_version: version, ...roles, ...times }, signers);
}

const lists = [
  list(1, root, first),
  list(2, root, second),
  list(3, newRoot, third, [root, newRoot]),
];

/** A provider whose manifest carries these lists and this signature. */
function publishing(key_lists: readonly KeyList[], signer: Identity, later = 0): Behave {
  const { signatures: _, ...plain } = parseManifest(image.manifest);
  const sequence = plain.sequence as number + later;
  const manifest = sign(manifestPrefix, { ...plain, sequence, key_lists } as object, [signer]);
  return (request, origin) =>
    request.path.endsWith("manifest.json")
      ? { body: manifest }
      : honest({ ...image, manifest })(request, origin);
}

/** Fetches as a stick does whose kernel command line pins the first root key. */
async function fetch(directory: TempDirectory, behave: Behave) {
  await using origin = startOrigin(behave);
  const { trust } = parseCmdline(`console=ttyS0 phase.trust=root:${root.keyid}`);
  return await bootFetch({
    urls: [origin.url],
    policy: await loadPolicy({ kernelCmdline: { trust } }),
    output: directory.join("out"),
    stateDir: directory.join("state"),
    signal: new AbortController().signal,
    limits: quickLimits,
  }, quickDeps);
}

Deno.test("a stick made before two rotations fetches what is signed today", async () => {
  await using directory = await tempDirectory();
  const { verified, floorKept } = await fetch(directory, publishing(lists, third));
  assert.deepEqual(verified.signers, [third.keyid]);
  assert.equal(floorKept, true);
});

Deno.test("a stick that keeps state refuses a revoked key once it has seen the next list", async () => {
  await using directory = await tempDirectory();
  await fetch(directory, publishing(lists.slice(0, 1), first));
  await fetch(directory, publishing(lists.slice(0, 2), second, 1));
  await assert.rejects(fetch(directory, publishing(lists.slice(0, 1), first, 2)), {
    code: "rollback",
    message: /the last key list is 1, and list 2 was accepted before/,
  });
  await assert.rejects(fetch(directory, publishing(lists.slice(0, 2), first, 2)), {
    code: "untrusted",
    message: /key list 2 asks for 1 of/,
  });
  await fetch(directory, publishing(lists, third, 3));
});

Deno.test("a sequence that a thief drove up is healed by the next list", async () => {
  await using directory = await tempDirectory();
  await fetch(directory, publishing(lists.slice(0, 1), first, 80_000));
  await assert.rejects(fetch(directory, publishing(lists.slice(0, 1), first, 1)), {
    code: "rollback",
  });
  await fetch(directory, publishing(lists.slice(0, 2), second, 2));
});
