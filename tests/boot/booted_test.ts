/**
 * @module
 */

import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { type BootedOptions, readBooted, refillBooted } from "../../src/boot/booted.ts";
import { originsBytes } from "../../src/boot/origins.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { bootable, serving, tampering } from "../support/bootable.ts";
import { startOrigin } from "../support/fake_origin.ts";
import { testIdentity } from "../support/manifests.ts";
import { quickDeps, quickLimits } from "../support/quick.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { testPolicy } from "../support/verified.ts";

const image = bootable();

/** A handover with these files of the image. */
async function handover(
  providers: readonly string[],
  names: readonly string[] = ["kernel", "initramfs", "rootfs", "manifest.json"],
): Promise<TempDirectory> {
  const directory = await tempDirectory();
  for (const name of names) await fs.writeFile(directory.join(name), image[name]!);
  await fs.writeFile(directory.join("origins.json"), originsBytes({ providers, leftOut: [] }));
  return directory;
}

function options(changes: Partial<BootedOptions> = {}): BootedOptions {
  return {
    policy: testPolicy(),
    stateDir: "/nowhere",
    signal: new AbortController().signal,
    limits: quickLimits,
    ...changes,
  };
}

async function codeOf(run: Promise<unknown>): Promise<string> {
  return await run.then(() => "none", (thrown) => (thrown as PlasmdError).code);
}

Deno.test("a whole handover is verified, file by file", async () => {
  await using directory = await handover(["http://10.0.2.2:8080"]);
  const booted = await readBooted(directory.path, options(), quickDeps);
  assert.deepEqual(booted.present, ["kernel", "initramfs", "rootfs"]);
  assert.deepEqual(booted.missing, []);
  assert.deepEqual(booted.providers, ["http://10.0.2.2:8080"]);
  assert.deepEqual(booted.verified.signers, [testIdentity(1).keyid]);
});

Deno.test("what was left out is named, what is there is verified all the same", async () => {
  await using directory = await handover([], ["kernel", "manifest.json"]);
  const booted = await readBooted(directory.path, options(), quickDeps);
  assert.deepEqual([booted.present, booted.missing], [["kernel"], ["initramfs", "rootfs"]]);
});

Deno.test("nothing is believed of a handover that was changed", async () => {
  await using directory = await handover([]);
  await fs.appendFile(directory.join("rootfs"), "x");
  assert.equal(await codeOf(readBooted(directory.path, options(), quickDeps)), "mismatch");
  await fs.writeFile(directory.join("rootfs"), image.rootfs!);
  await fs.appendFile(directory.join("manifest.json"), "\n");
  assert.equal(await codeOf(readBooted(directory.path, options(), quickDeps)), "malformed");
});

Deno.test("a system that was booted in another way is told apart", async () => {
  const run = readBooted("/nowhere", options(), quickDeps);
  assert.equal(await codeOf(run), "nothing_found");
});

Deno.test("a handover proves nothing where nobody says whom to trust", async () => {
  await using directory = await handover([]);
  const run = readBooted(directory.path, options({ policy: undefined }), quickDeps);
  assert.equal(await codeOf(run), "no_policy");
});

Deno.test("a list of providers that nobody could have written is refused", async () => {
  await using directory = await handover([]);
  await fs.writeFile(directory.join("origins.json"), '{"providers":["file:///etc/shadow"]}');
  assert.equal(await codeOf(readBooted(directory.path, options(), quickDeps)), "malformed");
});

Deno.test("what was left out is fetched again from who still serves the same manifest", async () => {
  await using other = await startOrigin(serving(bootable({ version: "2" })));
  await using same = await startOrigin(serving(image));
  await using directory = await handover([other.url, same.url], ["manifest.json", "kernel"]);
  const booted = await readBooted(directory.path, options(), quickDeps);
  await refillBooted(directory.path, booted, options(), quickDeps);
  assert.deepEqual(new Uint8Array(await fs.readFile(directory.join("rootfs"))), image.rootfs);
  assert.ok(other.requests.every(({ path }) => path.endsWith("/manifest.json")));
  assert.deepEqual((await readBooted(directory.path, options(), quickDeps)).missing, []);
});

Deno.test("nothing is asked for where nothing is missing", async () => {
  await using origin = await startOrigin(serving(image));
  await using directory = await handover([origin.url]);
  const booted = await readBooted(directory.path, options(), quickDeps);
  await refillBooted(directory.path, booted, options(), quickDeps);
  assert.equal(origin.requests.length, 0);
});

Deno.test("wrong bytes never become a part of a handover", async () => {
  await using origin = await startOrigin(tampering(image));
  await using directory = await handover([origin.url], ["manifest.json", "kernel", "initramfs"]);
  const booted = await readBooted(directory.path, options(), quickDeps);
  const run = refillBooted(directory.path, booted, options(), quickDeps);
  assert.match(await codeOf(run), /transfer|bad_source/);
  await assert.rejects(fs.stat(directory.join("rootfs")));
});

Deno.test("a handover without providers stays as it is", async () => {
  await using directory = await handover([], ["manifest.json", "kernel"]);
  const booted = await readBooted(directory.path, options(), quickDeps);
  const run = refillBooted(directory.path, booted, options(), quickDeps);
  assert.equal(await codeOf(run), "nothing_found");
});
