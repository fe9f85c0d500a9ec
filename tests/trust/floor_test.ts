import assert from "node:assert/strict";
import process from "node:process";
import type { ManifestFields } from "../../src/formats/manifest.ts";
import { formatTime } from "../../src/formats/time.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { type Log, silentLog } from "../../src/lib/log.ts";
import { type Floors, openFloors } from "../../src/trust/floor.ts";
import { policyFromKeys, type TrustPolicy } from "../../src/trust/policy.ts";
import { verifyManifest } from "../../src/trust/verify.ts";
import { madeAt, manifestFields, signedManifest, testIdentity } from "../support/manifests.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";

const [one, two] = [testIdentity(1), testIdentity(2)];
const policy = policyFromKeys([one.keyid]);
const hour = 3_600_000;
const now = madeAt + 30 * hour;

/** The manifest of the n-th hour. */
function manifest(n: number, changes: Partial<ManifestFields> = {}, identities = [one]) {
  const sequence = madeAt / 1000 + n;
  const created_at = formatTime(madeAt + n * hour);
  return signedManifest({ sequence, created_at, ...changes }, identities);
}

function warnings(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const log: Log = { ...silentLog, warn: (line) => lines.push(line), child: () => log };
  return { log, lines };
}

function open(directory: TempDirectory, log: Log = silentLog): Floors {
  return openFloors(directory.join("state"), systemDeps({ log }));
}

async function accept(floors: Floors, bytes: Uint8Array, given: TrustPolicy = policy) {
  await floors.accept(await floors.verify(bytes, { policy: given, now }));
}

Deno.test("what was accepted is the least that is accepted from then on", async () => {
  await using directory = await tempDirectory();
  await accept(open(directory), manifest(5));
  const later = open(directory);
  await assert.rejects(later.verify(manifest(4), { policy, now }), { code: "rollback" });
  await later.verify(manifest(5), { policy, now });
  await later.verify(manifest(6), { policy, now });
});

Deno.test("the same sequence with another id is refused", async () => {
  await using directory = await tempDirectory();
  const floors = open(directory);
  await accept(floors, manifest(5));
  const other = manifest(5, { cmdline: "quiet" });
  await assert.rejects(floors.verify(other, { policy, now }), {
    code: "rollback",
    message: /another manifest/,
  });
});

Deno.test("verifying alone keeps nothing", async () => {
  await using directory = await tempDirectory();
  const floors = open(directory);
  await floors.verify(manifest(5), { policy, now });
  await floors.verify(manifest(4), { policy, now });
  await assert.rejects(Deno.stat(directory.join("state")), Deno.errors.NotFound);
});

Deno.test("each channel and arch has a floor of its own", async () => {
  await using directory = await tempDirectory();
  const floors = open(directory);
  await accept(floors, manifest(5));
  const artifacts = { kernel: { ...manifestFields().artifacts.kernel, path: "/kernel" } };
  await accept(floors, manifest(4, { channel: "testing", artifacts }));
  await accept(floors, manifest(3, { arch: "x86_64", artifacts }));
  const names = [...Deno.readDirSync(directory.join("state", "floors"))].map(({ name }) => name);
  assert.deepEqual(names.sort(), [
    "arm64-stable.json",
    "arm64-testing.json",
    "lock",
    "x86_64-stable.json",
  ]);
});

Deno.test("the floor is the very manifest that was accepted", async () => {
  await using directory = await tempDirectory();
  await accept(open(directory), manifest(5));
  const kept = await Deno.readFile(directory.join("state", "floors", "arm64-stable.json"));
  assert.deepEqual(kept, new Uint8Array(manifest(5)));
});

Deno.test("a floor counts after it has expired", async () => {
  await using directory = await tempDirectory();
  const short = manifest(5, { expires_at: formatTime(madeAt + 31 * hour) });
  await accept(open(directory), short);
  const verify = open(directory).verify(manifest(4), { policy, now: now + 10 * hour });
  await assert.rejects(verify, { code: "rollback" });
});

Deno.test("a floor whose key was revoked is dropped, and said so", async () => {
  await using directory = await tempDirectory();
  await accept(open(directory), manifest(9));
  const { log, lines } = warnings();
  const floors = open(directory, log);
  const today = policyFromKeys([two.keyid]);
  await accept(floors, manifest(3, {}, [two]), today);
  assert.deepEqual(lines, [
    "The last accepted manifest is not trusted any more: its floor is dropped",
  ]);
  // What was accepted instead is the floor now.
  await assert.rejects(floors.verify(manifest(2, {}, [two]), { policy: today, now }), {
    code: "rollback",
  });
});

Deno.test("a floor older than today's not_before is dropped", async () => {
  await using directory = await tempDirectory();
  await accept(open(directory), manifest(5, { sequence: madeAt / 1000 + 80_000 }));
  const later = policyFromKeys([one.keyid], { notBefore: madeAt + 6 * hour });
  await open(directory).verify(manifest(7), { policy: later, now });
});

Deno.test("a rollback that is asked for becomes the floor", async () => {
  await using directory = await tempDirectory();
  const floors = open(directory);
  await accept(floors, manifest(9));
  await floors.accept(await floors.verify(manifest(3), { policy, now, allowRollback: true }));
  await floors.verify(manifest(4), { policy, now });
});

Deno.test("the accepted created_at is the least that the time can be", async () => {
  await using directory = await tempDirectory();
  const floors = open(directory);
  await accept(floors, manifest(20));
  const expired = manifest(21, {
    created_at: formatTime(madeAt),
    expires_at: formatTime(madeAt + 10 * hour),
  });
  await assert.rejects(floors.verify(expired, { policy, now: madeAt }), { code: "expired" });
});

Deno.test("a damaged floor is dropped, and said so", async () => {
  const good = manifest(5);
  const damages: Uint8Array[] = [
    new Uint8Array(),
    good.slice(0, 100),
    new TextEncoder().encode("garbage"),
    new Uint8Array(2 * 1024 * 1024),
    manifest(5, {
      arch: "x86_64",
      artifacts: { kernel: { ...manifestFields().artifacts.kernel, path: "/kernel" } },
    }),
  ];
  for (const damage of damages) {
    await using directory = await tempDirectory();
    await accept(open(directory), good);
    await Deno.writeFile(directory.join("state", "floors", "arm64-stable.json"), damage);
    const { log, lines } = warnings();
    const floors = open(directory, log);
    await accept(floors, manifest(4));
    assert.match(lines[0] ?? "", /damaged: its floor is dropped/);
    await assert.rejects(floors.verify(manifest(3), { policy, now }), { code: "rollback" });
  }
});

Deno.test("a forged floor can't lock out what is trusted", async () => {
  await using directory = await tempDirectory();
  await accept(open(directory), manifest(5));
  const forged = manifest(9, {}, [two]);
  await Deno.writeFile(directory.join("state", "floors", "arm64-stable.json"), forged);
  await open(directory).verify(manifest(6), { policy, now });
});

Deno.test("a floor that is a link or can't be read is an error, never passed over", async () => {
  await using directory = await tempDirectory();
  await accept(open(directory), manifest(5));
  const file = directory.join("state", "floors", "arm64-stable.json");
  await Deno.rename(file, directory.join("elsewhere"));
  await Deno.symlink(directory.join("elsewhere"), file);
  await assert.rejects(open(directory).verify(manifest(6), { policy, now }), { code: "io" });
});

Deno.test("of two clients that accept at once the higher sequence stays", async () => {
  await using directory = await tempDirectory();
  const [a, b] = [open(directory), open(directory)];
  const higher = await a.verify(manifest(8), { policy, now });
  const lower = await b.verify(manifest(6), { policy, now });
  await a.accept(higher);
  await b.accept(lower);
  await assert.rejects(a.verify(manifest(7), { policy, now }), { code: "rollback" });
  await a.verify(manifest(8), { policy, now });
});

Deno.test("many clients at once leave one whole floor, the highest", async () => {
  await using directory = await tempDirectory();
  await Promise.all(Array.from({ length: 12 }, async (_, n) => {
    const floors = open(directory);
    await floors.accept(verifyManifest(manifest(n), { policy, now }));
  }));
  await assert.rejects(open(directory).verify(manifest(10), { policy, now }), { code: "rollback" });
  await open(directory).verify(manifest(11), { policy, now });
});

Deno.test("a file in the place of the state directory is an error", async () => {
  await using directory = await tempDirectory();
  await Deno.writeTextFile(directory.join("file"), "");
  const floors = openFloors(directory.join("file"), systemDeps());
  await assert.rejects(floors.verify(manifest(5), { policy, now }), { code: "io" });
});

Deno.test({
  name: "where nothing can be written a manifest is verified, and keeping it is what fails",
  ignore: Deno.build.os !== "linux",
  async fn() {
    // Nobody can make a directory in /sys, root included.
    const floors = openFloors("/sys", systemDeps());
    const verified = await floors.verify(manifest(5), { policy, now });
    await assert.rejects(floors.accept(verified), {
      code: "permission",
      message: /Cannot keep what was accepted for stable\/arm64/,
    });
  },
});

Deno.test({
  name: "a read-only state directory is still read",
  ignore: process.geteuid?.() === 0,
  async fn() {
    await using directory = await tempDirectory();
    await accept(open(directory), manifest(5));
    const folder = directory.join("state", "floors");
    await Deno.remove(`${folder}/lock`);
    await Deno.chmod(folder, 0o500);
    try {
      const floors = open(directory);
      await assert.rejects(floors.verify(manifest(4), { policy, now }), { code: "rollback" });
      const verified = await floors.verify(manifest(6), { policy, now });
      await assert.rejects(floors.accept(verified), { code: "permission" });
    } finally {
      await Deno.chmod(folder, 0o700);
    }
  },
});
