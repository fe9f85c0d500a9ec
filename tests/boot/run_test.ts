/**
 * @module
 */

import assert from "node:assert/strict";
import { bootRun } from "../../src/boot/run.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { bootable, bootOptions, fakeParts, serving, tampering } from "../support/bootable.ts";
import { readCpio } from "../support/cpio.ts";
import { Restarted } from "../support/fake_libc.ts";
import { startOrigin } from "../support/fake_origin.ts";
import { namesIn } from "../support/fetching.ts";
import { testIdentity } from "../support/manifests.ts";
import { quickDeps } from "../support/quick.ts";
import { tempDirectory } from "../support/temp.ts";

const image = bootable();

async function refusal(run: Promise<unknown>): Promise<PlasmdError> {
  try {
    await run;
  } catch (thrown) {
    assert.ok(thrown instanceof PlasmdError, String(thrown));
    return thrown;
  }
  throw new assert.AssertionError({ message: "nothing was refused" });
}

Deno.test("what a provider serves is verified, handed over, loaded and started", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(serving(image));
  const parts = fakeParts([origin.url]);
  const stages: string[] = [];
  const onStage = (stage: string) => void stages.push(stage);
  const outcome = await bootRun(bootOptions(directory.path, { onStage }), parts, quickDeps);
  assert.equal(outcome.kind, "loaded");
  assert.equal(outcome.cmdline, "console=ttyS0 phase.serve=1");
  assert.deepEqual(outcome.providers, [origin.url]);
  assert.deepEqual(stages, ["discover", "fetch", "seal", "load"]);
  const [loaded] = parts.libc.loaded;
  assert.deepEqual(loaded!.kernel, image.kernel);
  assert.deepEqual(loaded!.initramfs!.subarray(0, 5001), image.initramfs);
  const handover = readCpio(loaded!.initramfs!.subarray(5004));
  const rootfs = handover.find(({ path }) => path === "run/phase/handover/rootfs");
  assert.deepEqual(rootfs?.bytes, new Uint8Array(image.rootfs!));
  assert.throws(() => parts.kexec.start(), Restarted);
});

Deno.test("the memory of a sealed image is given back once the kernel has its own copy", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(serving(image));
  const parts = fakeParts([origin.url]);
  await bootRun(bootOptions(directory.path), parts, quickDeps);
  assert.equal(parts.libc.files.size, 2);
  assert.ok([...parts.libc.files.values()].every(({ sealed, closed }) => sealed && closed));
});

Deno.test("a dry run loads nothing and keeps the files", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(serving(image));
  const parts = fakeParts([origin.url], { inMemory: true });
  const options = bootOptions(directory.path, { dryRun: true });
  const outcome = await bootRun(options, parts, quickDeps);
  assert.equal(outcome.kind, "checked");
  assert.deepEqual(parts.libc.loaded, []);
  assert.ok((await namesIn(`${directory.path}/boot`)).includes("rootfs"));
});

Deno.test("files that take memory are removed once they are sealed, on a disk they stay", async () => {
  for (const inMemory of [true, false]) {
    await using directory = await tempDirectory();
    await using origin = startOrigin(serving(image));
    await bootRun(bootOptions(directory.path), fakeParts([origin.url], { inMemory }), quickDeps);
    const left = await namesIn(`${directory.path}/boot`);
    assert.equal(left.includes("rootfs"), !inMemory);
  }
});

Deno.test("a tampered manifest, an untrusted key and an expired one are refused, then the next is asked", async () => {
  const manifest = image["manifest.json"]!;
  const tampered = manifest.slice();
  tampered[tampered.indexOf(0x32)]! = 0x33; // a 2 becomes a 3
  const cases: [string, typeof image, RegExp][] = [
    ["tampered", { ...image, "manifest.json": tampered }, /./],
    ["untrusted", bootable({}, { signers: [testIdentity(2)] }), /^\S+ Cannot trust the manifest/],
    [
      "expired",
      bootable({
        created_at: "2025-11-01T00:00:00Z",
        expires_at: "2025-11-02T00:00:00Z",
        sequence: 5,
      }),
      /expired/,
    ],
  ];
  for (const [what, wrong, why] of cases) {
    await using directory = await tempDirectory();
    await using bad = startOrigin(serving(wrong));
    await using good = startOrigin(serving(image));
    const dropped: string[] = [];
    const parts = fakeParts([bad.url, good.url]);
    const outcome = await bootRun(
      bootOptions(directory.path, {
        onDrop: ({ name, reason }) => void dropped.push(`${name} ${reason}`),
      }),
      parts,
      quickDeps,
    );
    assert.deepEqual(outcome.providers, [good.url], what);
    assert.equal(dropped.length, 1, what);
    assert.ok(dropped[0]!.startsWith(`${bad.url} `), what);
    assert.match(dropped[0]!, why, what);
  }
});

Deno.test("where every provider is refused, nothing is loaded and the reason is told", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(serving(bootable({}, { signers: [testIdentity(2)] })));
  const parts = fakeParts([origin.url]);
  const error = await refusal(bootRun(bootOptions(directory.path), parts, quickDeps));
  assert.equal(error.code, "untrusted");
  assert.deepEqual(parts.libc.loaded, []);
});

Deno.test("a provider of the newest image that tampers with a chunk loses to an older one", async () => {
  await using directory = await tempDirectory();
  const newer = bootable({ sequence: 1_764_158_500 }, { seed: 9 });
  await using bad = startOrigin(tampering(newer));
  await using good = startOrigin(serving(image));
  const dropped: string[] = [];
  const parts = fakeParts([bad.url, good.url]);
  const outcome = await bootRun(
    bootOptions(directory.path, { onDrop: ({ name, reason }) => void dropped.push(name + reason) }),
    parts,
    quickDeps,
  );
  assert.deepEqual(outcome.providers, [good.url]);
  assert.deepEqual(parts.libc.loaded[0]!.kernel, image.kernel);
  assert.ok(dropped.some((line) => line.startsWith(bad.url) && /wrong bytes/.test(line)));
});

Deno.test("an older image than the last one is refused", async () => {
  await using directory = await tempDirectory();
  await using newer = startOrigin(serving(bootable({ sequence: 1_764_158_500 }, { seed: 9 })));
  await bootRun(bootOptions(directory.path), fakeParts([newer.url]), quickDeps);
  await using older = startOrigin(serving(image));
  const parts = fakeParts([older.url]);
  const error = await refusal(bootRun(bootOptions(directory.path), parts, quickDeps));
  assert.equal(error.code, "rollback");
  const allowed = bootOptions(directory.path, { allowRollback: true });
  assert.equal((await bootRun(allowed, parts, quickDeps)).kind, "loaded");
});

Deno.test("without a policy nothing is fetched, and the keyid to pin is named", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(serving(image));
  const options = bootOptions(directory.path, { policy: undefined });
  const error = await refusal(bootRun(options, fakeParts([origin.url]), quickDeps));
  assert.equal(error.code, "no_policy");
  assert.ok(error.hint?.includes(testIdentity(1).keyid));
});

Deno.test("too little memory is refused before a provider is asked", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(serving(image));
  const parts = fakeParts([origin.url], { memory: { total: 230e6, available: 200e6 } });
  const error = await refusal(bootRun(bootOptions(directory.path), parts, quickDeps));
  assert.equal(error.code, "unsupported");
  assert.equal(origin.requests.length, 0);
});

Deno.test("an image that doesn't fit is refused before its files are asked for", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(serving(image));
  const memory = { total: 500e6, available: 60e6 };
  const parts = fakeParts([origin.url], { memory, inMemory: true });
  const error = await refusal(bootRun(bootOptions(directory.path), parts, quickDeps));
  assert.match(error.message, /of memory are needed/);
  assert.deepEqual([...new Set(origin.requests.map(({ path }) => path))], [
    "/stable/x86_64/manifest.json",
  ]);
});

Deno.test("a kernel that can't start others is asked first, and a dry run only warns", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(serving(image));
  const parts = fakeParts([origin.url], { load: 38 });
  const error = await refusal(bootRun(bootOptions(directory.path), parts, quickDeps));
  assert.match(error.message, /kexec_file_load/);
  assert.equal(origin.requests.length, 0);
  const warnings: string[] = [];
  const onWarning = (line: string) => void warnings.push(line);
  const options = bootOptions(directory.path, { dryRun: true, onWarning });
  assert.equal((await bootRun(options, parts, quickDeps)).kind, "checked");
  assert.match(warnings.join(), /kexec_file_load/);
});

Deno.test("an image for another arch is never loaded", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(serving(bootable({ arch: "arm64" })));
  const parts = fakeParts([origin.url]);
  const error = await refusal(bootRun(bootOptions(directory.path), parts, quickDeps));
  assert.equal(error.code, "wrong_target");
  assert.deepEqual(parts.libc.loaded, []);
});

Deno.test("a boot stops when it is told to", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(serving(image));
  const signal = AbortSignal.abort(new PlasmdError("cancelled", "Stopped by a signal"));
  const error = await refusal(
    bootRun(bootOptions(directory.path, { signal }), fakeParts([origin.url]), quickDeps),
  );
  assert.equal(error.code, "cancelled");
});
