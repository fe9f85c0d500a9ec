import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { runCommand } from "../../src/cli/main.ts";
import { parseManifest } from "../../src/formats/manifest.ts";
import { manifestPrefix, validSigners } from "../../src/formats/signed.ts";
import { testBytes, writeFiles } from "../support/artifacts.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { fakeTerminal } from "../support/terminal.ts";

/** Runs `manifest generate` with a machine's key in the directory. */
async function generate(directory: TempDirectory, ...args: string[]) {
  const before = Deno.env.get("PLASMD_IDENTITY");
  Deno.env.set("PLASMD_IDENTITY", directory.join("keys/identity.key"));
  const terminal = fakeTerminal();
  try {
    const command = ["manifest", "generate", ...args];
    const code = await runCommand(command, terminal, new AbortController().signal);
    return { code, out: terminal.out(), err: terminal.err() };
  } finally {
    if (before === undefined) Deno.env.delete("PLASMD_IDENTITY");
    else Deno.env.set("PLASMD_IDENTITY", before);
  }
}

async function imageIn(directory: TempDirectory) {
  await writeFiles(directory.path, { "a/vmlinuz": testBytes(10_000), "a/initrd.img": "i" });
  return { artifacts: directory.join("a"), output: directory.join("a/manifest.json") };
}

async function manifestAt(file: string) {
  return parseManifest(await Deno.readFile(file));
}

Deno.test("--sign makes a missing key, and writes a manifest that it signed", async () => {
  await using directory = await tempDirectory();
  const { artifacts, output } = await imageIn(directory);
  const args = ["--artifacts", artifacts, "--output", output, "--sign"];
  const { code, out, err } = await generate(directory, ...args, "--arch", "aarch64");
  assert.equal(code, 0, err);
  const manifest = await manifestAt(output);
  const [signer] = validSigners(manifestPrefix, manifest);
  assert.match(out, /manifest\.json: stable\/arm64 sha256:[0-9a-f]{64}\nsigned by ed25519:/);
  assert.ok(out.includes(signer!));
  assert.equal((await fs.stat(directory.join("keys/identity.key"))).mode & 0o777, 0o600);
  assert.equal((await fs.stat(output)).mode & 0o777, 0o644);
  assert.deepEqual((await fs.readdir(artifacts)).sort(), [
    "initrd.img",
    "manifest.json",
    "vmlinuz",
  ]);
});

Deno.test("each manifest has a higher sequence than the one that it replaces", async () => {
  await using directory = await tempDirectory();
  const { artifacts, output } = await imageIn(directory);
  const sequences: number[] = [];
  for (let i = 0; i < 3; i++) {
    await generate(directory, "--artifacts", artifacts, "--output", output, "--sign");
    sequences.push((await manifestAt(output)).sequence);
  }
  assert.ok(sequences[0]! < sequences[1]! && sequences[1]! < sequences[2]!, String(sequences));
});

Deno.test("the options are what the manifest says", async () => {
  await using directory = await tempDirectory();
  const { artifacts } = await imageIn(directory);
  const output = directory.join("out.json");
  const options = ["--channel", "testing", "--arch", "amd64", "--cmdline", "console=ttyS0"];
  const more = ["--image-version", "7.0", "--expires-in", "12h", "--json"];
  const { code, out } = await generate(
    directory,
    ...["--artifacts", artifacts, "--output", output, ...options, ...more],
  );
  assert.equal(code, 0);
  const manifest = await manifestAt(output);
  assert.equal(manifest.channel, "testing");
  assert.equal(manifest.arch, "x86_64");
  assert.equal(manifest.cmdline, "console=ttyS0");
  assert.equal(manifest.version, "7.0");
  assert.equal(Date.parse(manifest.expires_at) - Date.parse(manifest.created_at), 43_200_000);
  const result = JSON.parse(out);
  assert.equal(result.file, output);
  assert.equal(result.channel, "testing");
  assert.deepEqual(result.signers, []);
});

Deno.test("without --sign nobody has signed it, no key is made, and it says what comes next", async () => {
  await using directory = await tempDirectory();
  const { artifacts, output } = await imageIn(directory);
  const { code, err } = await generate(directory, "--artifacts", artifacts, "--output", output);
  assert.equal(code, 0);
  assert.deepEqual((await manifestAt(output)).signatures, []);
  assert.match(err, /not signed yet: plasmd manifest sign/);
  await assert.rejects(Deno.stat(directory.join("keys")), Deno.errors.NotFound);
});

Deno.test("a key that is named signs, and is never made", async () => {
  await using directory = await tempDirectory();
  const { artifacts, output } = await imageIn(directory);
  const key = directory.join("publisher.key");
  const args = ["--artifacts", artifacts, "--output", output, "--signing-key", key];
  const missing = await generate(directory, ...args);
  assert.equal(missing.code, 2);
  assert.match(missing.err, /There is no key file ".*publisher\.key"/);
  await assert.rejects(Deno.stat(output), Deno.errors.NotFound);
  await Deno.writeFile(key, testBytes(32), { mode: 0o600 });
  assert.equal((await generate(directory, ...args)).code, 0);
  assert.equal(validSigners(manifestPrefix, await manifestAt(output)).length, 1);
});

Deno.test("what can't be published ends with 2, a hint, and the old manifest in place", async () => {
  await using directory = await tempDirectory();
  const { artifacts, output } = await imageIn(directory);
  await generate(directory, "--artifacts", artifacts, "--output", output, "--sign");
  const old = await Deno.readFile(output);
  const args = ["--artifacts", artifacts, "--output", output, "--sign"];
  const cases: [string[], RegExp][] = [
    [[...args, "--cmdline", "a -- b"], /error: Cannot publish: "cmdline"/],
    [[...args, "--expires-in", "91d"], /90 d/],
    [[...args, "--channel", "No"], /Invalid channel "No"/],
    [
      ["--artifacts", directory.join("none"), "--output", output],
      /hint: make it, and put a kernel/,
    ],
    [["--artifacts", artifacts], /--output is missing\nhint: plasmd manifest generate/],
    [["--output", output], /--artifacts is missing/],
  ];
  for (const [wrong, message] of cases) {
    const { code, out, err } = await generate(directory, ...wrong);
    assert.equal(code, 2, err);
    assert.match(err, message);
    assert.doesNotMatch(err, /^\s+at /m);
    assert.equal(out, "");
  }
  assert.deepEqual(await Deno.readFile(output), old);
});

Deno.test("an output that can't be written ends with 1 and leaves nothing behind", async () => {
  await using directory = await tempDirectory();
  const { artifacts } = await imageIn(directory);
  const output = directory.join("no/such/directory/m.json");
  const { code, err } = await generate(directory, "--artifacts", artifacts, "--output", output);
  assert.equal(code, 1);
  assert.match(err, /Cannot write ".*m\.json"/);
});
