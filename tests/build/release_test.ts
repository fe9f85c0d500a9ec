import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { verifyEd25519 } from "../../src/identity/verify_ed25519.ts";
import { bakedScript, main, sharedFiles, signRelease } from "../../src/build/release.ts";
import {
  readReleaseKey,
  releaseKey,
  releasePrefix,
  signedBytes,
} from "../../src/build/release_sign.ts";
import { createIdentity } from "../../src/identity/key_file.ts";
import { fromHex, sha256Hex } from "../../src/lib/bytes.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { projectRoot } from "../support/program.ts";
import { dist, releaseUrl } from "../support/release.ts";
import { tempDirectory } from "../support/temp.ts";

const key = releaseKey(new Uint8Array(32).fill(7));

Deno.test("the key of a seed is that of RFC 8032", () => {
  const { keyid } = releaseKey(
    fromHex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")!,
  );
  assert.equal(keyid, "ed25519:fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
});

Deno.test("a signature is over the prefix and the bytes, and over nothing else", () => {
  const sums = new TextEncoder().encode("aa  plasmd-linux-x64\n");
  const publicKey = fromHex(key.keyid.slice("ed25519:".length))!;
  const signature = key.sign(sums);
  assert.equal(new TextDecoder().decode(signedBytes(sums).subarray(0, 18)), releasePrefix + "a");
  assert.equal(verifyEd25519(publicKey, signature, signedBytes(sums)), true);
  assert.equal(verifyEd25519(publicKey, signature, sums), false);
});

Deno.test("a key that plasmd made signs releases", async () => {
  await using place = await tempDirectory();
  const { keyid } = await createIdentity(place.join("release.key"), systemDeps());
  assert.equal((await readReleaseKey(place.join("release.key"))).keyid, keyid);
});

Deno.test("a key that others can read, a short one, a link and none are refused", async () => {
  await using place = await tempDirectory();
  const file = place.join("key");
  await fs.writeFile(file, new Uint8Array(32), { mode: 0o600 });
  await fs.symlink(file, place.join("link"));
  await fs.writeFile(place.join("short"), new Uint8Array(31), { mode: 0o600 });
  await fs.writeFile(place.join("long"), new Uint8Array(33), { mode: 0o600 });
  for (const name of ["link", "short", "long", "none"]) {
    await assert.rejects(readReleaseKey(place.join(name)), { code: "identity" }, name);
  }
  await fs.chmod(file, 0o640);
  await assert.rejects(readReleaseKey(file), { code: "identity", hint: /^chmod 600 / });
});

Deno.test("a release has every file, their sums, the signature and a script with the key", async () => {
  await using place = await tempDirectory();
  const built = await dist(place.join("dist"));
  const output = place.join("release");
  const names = await signRelease({ dist: built, output, key, url: releaseUrl });
  assert.deepEqual((await fs.readdir(output)).sort(), names.toSorted());
  const sums = await fs.readFile(`${output}/SHA256SUMS`);
  const lines = sums.toString().trimEnd().split("\n").map((line) => line.split("  "));
  assert.equal(lines.length, 1 + sharedFiles.length);
  for (const [digest, name] of lines) {
    assert.equal(digest, sha256Hex(await fs.readFile(`${output}/${name}`)), name);
  }
  assert.deepEqual(new Uint8Array(await fs.readFile(`${output}/SHA256SUMS.sig`)), key.sign(sums));
  const script = await fs.readFile(`${output}/install.sh`, "utf8");
  assert.ok(script.includes(`\nrelease_key="${key.keyid}"\n`));
  assert.ok(script.includes(`\nrelease_url="${releaseUrl}"\n`));
  assert.equal((await fs.stat(`${output}/install.sh`)).mode & 0o777, 0o755);
});

Deno.test("what changed since it was built is not signed, and neither is nothing", async () => {
  await using place = await tempDirectory();
  const built = await dist(place.join("dist"));
  const release = { dist: built, output: place.join("release"), key, url: releaseUrl };
  await fs.appendFile(`${built}/plasmd-linux-x64`, "more");
  await assert.rejects(signRelease(release), { code: "mismatch", hint: /deno task compile/ });
  await fs.writeFile(`${built}/SHA256SUMS`, "");
  await fs.rm(`${built}/plasmd-linux-x64`);
  await assert.rejects(signRelease(release), { code: "mismatch" });
  await fs.rm(`${built}/SHA256SUMS`);
  await assert.rejects(signRelease(release), { code: "io", message: /deno task compile/ });
});

Deno.test("a second release takes the place of the first, and of nothing else", async () => {
  await using place = await tempDirectory();
  const release = {
    dist: await dist(place.join("dist")),
    output: place.join("release"),
    key,
    url: releaseUrl,
  };
  const names = await signRelease(release);
  await fs.writeFile(`${release.output}/plasmd-old-x64`, "");
  assert.deepEqual(await signRelease(release), names);
  assert.deepEqual((await fs.readdir(release.output)).sort(), names.toSorted());
  const output = place.join("home");
  await fs.mkdir(output);
  await fs.writeFile(`${output}/letter`, "");
  await assert.rejects(signRelease({ ...release, output }), { code: "usage", hint: /--output/ });
  assert.deepEqual(await fs.readdir(output), ["letter"]);
});

Deno.test("the script of the project has no key and takes exactly one", async () => {
  const script = await Deno.readTextFile(`${projectRoot}dist/install.sh`);
  assert.match(script, /^release_key=""$/m);
  assert.match(script, /^release_url=""$/m);
  assert.throws(() => bakedScript("#!/bin/sh\n", { key, url: releaseUrl }), { code: "malformed" });
  const baked = bakedScript(script, { key, url: `${releaseUrl}/` });
  assert.throws(() => bakedScript(baked, { key, url: releaseUrl }), { code: "malformed" });
});

Deno.test("a URL that a shell would read as something else is refused", async () => {
  const script = await Deno.readTextFile(`${projectRoot}dist/install.sh`);
  for (
    const url of ["http://a.example", 'https://a"; id', "https://a/$(id)", "https://a/`id`", ""]
  ) {
    assert.throws(() => bakedScript(script, { key, url }), { code: "usage" }, url);
  }
});

Deno.test("the task refuses what it doesn't know with 2", async () => {
  const printed: string[] = [];
  const { error } = console;
  console.error = (text: string) => printed.push(text);
  try {
    for (const args of [[], ["sign"], ["sing", "--key", "k", "--url", "u"], ["sign", "--kye"]]) {
      assert.equal(await main(args), 2, args.join(" "));
    }
    assert.equal(await main(["sign", "--key", "/nonexistent/key", "--url", releaseUrl]), 1);
  } finally {
    console.error = error;
  }
  assert.match(printed[0]!, /^error: [^]*\nhint: deno task release sign --key FILE/);
});
