import assert from "node:assert/strict";
import type { KeyList } from "../../src/formats/key_list.ts";
import { keyListsFile } from "../../src/formats/key_list.ts";
import type { ManifestFields } from "../../src/formats/manifest.ts";
import { formatTime } from "../../src/formats/time.ts";
import type { Identity } from "../../src/identity/key_file.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { type Log, silentLog } from "../../src/lib/log.ts";
import { type Floors, openFloors } from "../../src/trust/floor.ts";
import { makePolicy, policyFromKeys } from "../../src/trust/policy.ts";
import { roleOf, signedKeyList } from "../support/key_lists.ts";
import { madeAt, manifestFields, signedManifest, testIdentity } from "../support/manifests.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";

const [rootA, rootB] = [testIdentity(1), testIdentity(2)];
const [first, second] = [testIdentity(4), testIdentity(5)];
const policy = policyFromKeys([`root:${rootA.keyid}`]);
const hour = 3_600_000;
const now = madeAt + 30 * hour;

function list(version: number, root: Identity, publish: Identity, signers = [root]): KeyList {
  const roles = { root: roleOf([root]), publish: roleOf([publish]) };
  return signedKeyList({ list_version: version, ...roles }, signers);
}

const one = [list(1, rootA, first)];
const two = [...one, list(2, rootA, second)];

/** The manifest of the n-th hour. */
function manifest(
  n: number,
  key_lists: readonly KeyList[],
  signer: Identity,
  changes: Partial<ManifestFields> = {},
) {
  const sequence = madeAt / 1000 + n;
  const created_at = formatTime(madeAt + n * hour);
  return signedManifest({ sequence, created_at, key_lists, ...changes }, [signer]);
}

const onTesting = {
  channel: "testing",
  artifacts: { kernel: { ...manifestFields().artifacts.kernel, path: "/kernel" } },
};

function open(directory: TempDirectory, log: Log = silentLog): Floors {
  return openFloors(directory.join("state"), systemDeps({ log }));
}

function warnings(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const log: Log = { ...silentLog, warn: (line) => lines.push(line), child: () => log };
  return { log, lines };
}

async function accept(floors: Floors, bytes: Uint8Array, given = policy) {
  await floors.accept(await floors.verify(bytes, { policy: given, now }));
}

function keyFiles(directory: TempDirectory): string[] {
  return [...Deno.readDirSync(directory.join("state", "floors"))].map(({ name }) => name)
    .filter((name) => name.startsWith("keys-"));
}

const below = { code: "rollback", message: /last key list is 1, and list 2 was accepted before/ };

Deno.test("a list below the highest seen is refused, a higher one is not", async () => {
  await using directory = await tempDirectory();
  await accept(open(directory), manifest(5, two, second));
  const floors = open(directory);
  await assert.rejects(floors.verify(manifest(9, one, first), { policy, now }), below);
  await accept(floors, manifest(6, [...two, list(3, rootA, first)], first));
});

Deno.test("what was seen on one channel counts on the others", async () => {
  await using directory = await tempDirectory();
  await accept(open(directory), manifest(5, two, second));
  const floors = open(directory);
  const testing = manifest(9, one, first, onTesting);
  await assert.rejects(floors.verify(testing, { policy, now }), below);
  await floors.verify(manifest(9, two, second, onTesting), { policy, now });
});

Deno.test("a fast-forwarded sequence is healed by the next list", async () => {
  await using directory = await tempDirectory();
  const floors = open(directory);
  // Who has stolen the first key drives the sequence as high as it goes.
  const sequence = madeAt / 1000 + 100_000;
  await accept(floors, manifest(20, one, first, { sequence }));
  await assert.rejects(floors.verify(manifest(21, one, first), { policy, now }), {
    code: "rollback",
    message: /its sequence is/,
  });
  const { log, lines } = warnings();
  const healed = open(directory, log);
  await accept(healed, manifest(21, two, second));
  assert.deepEqual(lines, [
    "The last accepted manifest is not trusted any more: its floor is dropped",
  ]);
  // From here on the new key's sequence is the floor.
  await assert.rejects(healed.verify(manifest(20, two, second), { policy, now }), {
    code: "rollback",
  });
  await assert.rejects(healed.verify(manifest(22, one, first, { sequence }), { policy, now }), {
    code: "rollback",
    message: /key list/,
  });
});

Deno.test("a list that keeps the key keeps the floor", async () => {
  await using directory = await tempDirectory();
  const floors = open(directory);
  await accept(floors, manifest(9, one, first));
  const renewed = [...one, list(2, rootA, first)];
  await assert.rejects(floors.verify(manifest(8, renewed, first), { policy, now }), {
    code: "rollback",
    message: /its sequence is/,
  });
  await floors.verify(manifest(10, renewed, first), { policy, now });
});

Deno.test("a manifest that is refused drops no floor and says so to nobody", async () => {
  await using directory = await tempDirectory();
  await accept(open(directory), manifest(9, one, first));
  const { log, lines } = warnings();
  const floors = open(directory, log);
  await assert.rejects(floors.verify(manifest(10, two, first), { policy, now }), {
    code: "untrusted",
  });
  assert.deepEqual(lines, []);
  await assert.rejects(floors.verify(manifest(8, one, first), { policy, now }), {
    code: "rollback",
  });
});

Deno.test("a stolen root key can't fork the lists of a machine that has seen its successor", async () => {
  await using directory = await tempDirectory();
  const moved = [...one, list(2, rootB, second, [rootA, rootB])];
  await accept(open(directory), manifest(5, moved, second));
  const thief = testIdentity(8);
  const floors = open(directory);
  const fork = [...one, list(2, rootA, thief), list(3, rootA, thief)];
  await assert.rejects(floors.verify(manifest(9, fork, thief), { policy, now }), {
    code: "rollback",
    message: /another key list 2 was accepted before/,
  });
  const jump = [list(7, rootA, thief)];
  await assert.rejects(floors.verify(manifest(9, jump, thief), { policy, now }), {
    code: "untrusted",
    message: /that list 2 asks for, which was accepted before/,
  });
});

Deno.test("what was seen counts under a policy with other pins of the same publisher", async () => {
  await using directory = await tempDirectory();
  const both = policyFromKeys([`root:${rootA.keyid}`, `root:${rootB.keyid}`]);
  await accept(open(directory), manifest(5, two, second), both);
  const floors = open(directory);
  await assert.rejects(floors.verify(manifest(9, one, first), { policy, now }), below);
});

Deno.test("what was seen counts after another publisher's image was accepted", async () => {
  await using directory = await tempDirectory();
  const friend = testIdentity(9);
  const mixed = makePolicy([
    { keys: [rootA.keyid], threshold: 1, root: true },
    { keys: [friend.keyid], threshold: 1 },
  ], "the test");
  const floors = open(directory);
  await accept(floors, manifest(5, two, second), mixed);
  await accept(floors, signedManifest({ sequence: madeAt / 1000 + 6 }, [friend]), mixed);
  // The floor is the friend's now, the key lists are not forgotten.
  await assert.rejects(floors.verify(manifest(9, one, first), { policy, now }), below);
});

Deno.test("lower lists that are accepted on request don't replace the higher ones", async () => {
  await using directory = await tempDirectory();
  const floors = open(directory);
  const kept = [...one, list(2, rootA, first)];
  await accept(floors, manifest(9, kept, first));
  const old = manifest(3, one, first);
  await floors.accept(await floors.verify(old, { policy, now, allowRollback: true }));
  await assert.rejects(floors.verify(manifest(8, one, first), { policy, now }), below);
  await floors.verify(manifest(8, kept, first), { policy, now });
});

Deno.test("of two clients that accept at once the higher list stays", async () => {
  await using directory = await tempDirectory();
  const [a, b] = [open(directory), open(directory)];
  const higher = await a.verify(manifest(8, two, second), { policy, now });
  const lower = await b.verify(manifest(6, one, first), { policy, now });
  await a.accept(higher);
  await b.accept(lower);
  await assert.rejects(b.verify(manifest(9, one, first), { policy, now }), below);
  assert.equal(keyFiles(directory).length, 1);
});

Deno.test("damaged lists are dropped, and said so; the floor's own still count", async () => {
  await using directory = await tempDirectory();
  await accept(open(directory), manifest(5, two, second));
  const [name] = keyFiles(directory);
  const file = directory.join("state", "floors", name!);
  const whole = await Deno.readFile(file);
  assert.deepEqual(whole, keyListsFile(two));
  for (const damage of [new Uint8Array(), whole.slice(0, 99), new Uint8Array(1024 * 1024)]) {
    await Deno.writeFile(file, damage);
    const { log, lines } = warnings();
    const floors = open(directory, log);
    await assert.rejects(floors.verify(manifest(9, one, first), { policy, now }), below);
    assert.deepEqual(lines, ["The accepted key lists are damaged: they are dropped"]);
  }
  await accept(open(directory), manifest(6, two, second));
  assert.deepEqual(await Deno.readFile(file), whole);
});

Deno.test("forged lists in the state directory can't lock anybody out", async () => {
  await using directory = await tempDirectory();
  await accept(open(directory), manifest(5, one, first));
  const [name] = keyFiles(directory);
  const forged = keyListsFile([list(1, rootA, first), list(2, rootB, second)]);
  await Deno.writeFile(directory.join("state", "floors", name!), forged);
  await accept(open(directory), manifest(6, two, second));
});

Deno.test("kept lists that are a link are an error, never passed over", async () => {
  await using directory = await tempDirectory();
  await accept(open(directory), manifest(5, two, second));
  const file = directory.join("state", "floors", keyFiles(directory)[0]!);
  await Deno.rename(file, directory.join("elsewhere"));
  await Deno.symlink(directory.join("elsewhere"), file);
  await assert.rejects(open(directory).verify(manifest(6, two, second), { policy, now }), {
    code: "io",
  });
});

Deno.test("verifying alone keeps no lists", async () => {
  await using directory = await tempDirectory();
  await open(directory).verify(manifest(5, two, second), { policy, now });
  await open(directory).verify(manifest(4, one, first), { policy, now });
  await assert.rejects(Deno.stat(directory.join("state")), Deno.errors.NotFound);
});
