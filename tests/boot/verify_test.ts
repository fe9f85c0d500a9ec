import assert from "node:assert/strict";
import { bootVerify, type BootVerifyOptions } from "../../src/boot/verify.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { openFloors } from "../../src/trust/floor.ts";
import { policyFromKeys } from "../../src/trust/policy.ts";
import { testImage } from "../support/image_origin.ts";
import { madeAt, testIdentity } from "../support/manifests.ts";
import { quickDeps } from "../support/quick.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";

const image = testImage();

/** A directory as a fetch leaves it. */
async function fetched(): Promise<TempDirectory> {
  const directory = await tempDirectory();
  await Deno.writeFile(directory.join("kernel"), image.kernel);
  await Deno.writeFile(directory.join("rootfs"), image.rootfs);
  await Deno.writeFile(directory.join("manifest.json"), image.manifest);
  return directory;
}

function verify(directory: TempDirectory, changes: Partial<BootVerifyOptions> = {}) {
  const signal = new AbortController().signal;
  const options = { policy: image.policy, stateDir: directory.join("state"), signal, ...changes };
  return bootVerify(directory.path, options, quickDeps);
}

const fails = (code: string, message: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof PlasmdError, String(thrown));
  assert.equal(thrown.code, code, thrown.message);
  assert.match(thrown.message, message);
  return true;
};

Deno.test("a whole image verifies, with progress to the end", async () => {
  await using directory = await fetched();
  let share = 0;
  const outcome = await verify(directory, { onProgress: (done, total) => share = done / total });
  assert.deepEqual(outcome.files.map(({ name }) => name), ["kernel", "rootfs"]);
  assert.deepEqual(outcome.verified.signers, [testIdentity(1).keyid]);
  assert.equal(share, 1);
});

Deno.test("a flipped byte is found", async () => {
  await using directory = await fetched();
  const wrong = image.rootfs.slice();
  wrong[1_000_000]! ^= 1;
  await Deno.writeFile(directory.join("rootfs"), wrong);
  await assert.rejects(verify(directory), fails("mismatch", /rootfs" differs/));
});

Deno.test("a missing file is found, unless it wasn't wanted", async () => {
  await using directory = await fetched();
  await Deno.remove(directory.join("rootfs"));
  await assert.rejects(verify(directory), fails("mismatch", /rootfs" is missing/));
  const outcome = await verify(directory, { artifacts: ["kernel"] });
  assert.deepEqual(outcome.files.map(({ name }) => name), ["kernel"]);
});

Deno.test("an artifact that the manifest doesn't have can't be verified", async () => {
  await using directory = await fetched();
  await assert.rejects(
    verify(directory, { artifacts: ["initramfs"] }),
    fails("mismatch", /no "initramfs"/),
  );
});

Deno.test("a directory without manifest is no image", async () => {
  await using directory = await fetched();
  await Deno.remove(directory.join("manifest.json"));
  await assert.rejects(verify(directory), fails("mismatch", /no manifest.json/));
});

Deno.test("a tampered manifest is refused", async () => {
  await using directory = await fetched();
  const text = new TextDecoder().decode(image.manifest).replace("ttyS0", "ttyS1");
  await Deno.writeTextFile(directory.join("manifest.json"), text);
  await assert.rejects(verify(directory), fails("untrusted", /./));
});

Deno.test("another key, another channel and no policy are refused", async () => {
  await using directory = await fetched();
  const policy = policyFromKeys([testIdentity(2).keyid], { source: "test" });
  await assert.rejects(verify(directory, { policy }), fails("untrusted", /./));
  await assert.rejects(verify(directory, { channel: "beta" }), fails("wrong_target", /beta/));
  await assert.rejects(verify(directory, { policy: undefined }), fails("no_policy", /./));
});

Deno.test("an image older than the last accepted one is refused, unless that is wanted", async () => {
  await using directory = await fetched();
  const newer = testImage({ sequence: 1_764_158_401 });
  const floors = openFloors(directory.join("state"), quickDeps);
  await floors.accept(await floors.verify(newer.manifest, { policy: image.policy, now: madeAt }));
  await assert.rejects(verify(directory), fails("rollback", /./));
  await verify(directory, { allowRollback: true });
});

Deno.test("verifying writes nothing", async () => {
  await using directory = await fetched();
  await verify(directory);
  await assert.rejects(Deno.stat(directory.join("state")), Deno.errors.NotFound);
});
