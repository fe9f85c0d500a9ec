import assert from "node:assert/strict";
import { runCommand } from "../../src/cli/main.ts";
import type { ManifestFields } from "../../src/formats/manifest.ts";
import { parseManifest } from "../../src/formats/manifest.ts";
import { formatTime } from "../../src/formats/time.ts";
import { createIdentity, type Identity } from "../../src/identity/key_file.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { artifactOf, signedManifest, testIdentity } from "../support/manifests.ts";
import { smallOrderKeys } from "../support/torsion.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { fakeTerminal } from "../support/terminal.ts";

const one = testIdentity(1);
const kernel = new TextEncoder().encode("a kernel");

async function plasmd(...args: string[]) {
  const terminal = fakeTerminal();
  const code = await runCommand(args, terminal, new AbortController().signal);
  return { code, out: terminal.out(), err: terminal.err() };
}

/** Writes a manifest that was made just now. */
async function write(
  directory: TempDirectory,
  changes: Partial<ManifestFields> = {},
  identities: readonly Identity[] = [one],
): Promise<string> {
  const now = Date.now();
  const fresh = {
    created_at: formatTime(now),
    expires_at: formatTime(now + 86_400_000),
    sequence: Math.floor(now / 1000),
    artifacts: { kernel: artifactOf(kernel, "/kernel") },
  };
  const file = directory.join("manifest.json");
  await Deno.writeFile(file, signedManifest({ ...fresh, ...changes }, identities));
  return file;
}

Deno.test("manifest verify says who signed, and exits 0", async () => {
  await using directory = await tempDirectory();
  const file = await write(directory);
  const { code, out, err } = await plasmd("manifest", "verify", file, "--trust", one.keyid);
  assert.equal(err, "");
  assert.equal(code, 0);
  assert.equal(out, `${file}: trusted, stable/arm64 2025.11.26, signed by ${one.keyid}\n`);
});

Deno.test("manifest verify --json prints what was verified", async () => {
  await using directory = await tempDirectory();
  const file = await write(directory);
  const { out } = await plasmd("manifest", "verify", file, "--trust", one.keyid, "--json");
  const result = JSON.parse(out);
  assert.match(result.manifest_id, /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(result.signers, [one.keyid]);
  assert.deepEqual([result.channel, result.arch], ["stable", "arm64"]);
  assert.equal(result.artifacts.kernel.size, kernel.length);
});

Deno.test("manifest verify refuses with exit code 4 and says why, on stderr only", async () => {
  await using directory = await tempDirectory();
  const stranger = testIdentity(9).keyid;
  const smallOrder = `ed25519:${smallOrderKeys()[0]!.toHex()}`;
  const cases: [string, Partial<ManifestFields>, string[], RegExp][] = [
    ["stranger", {}, ["--trust", stranger], /it is validly signed by ed25519:\w+ only/],
    ["expired", times(-2, -1), ["--trust", one.keyid], /expired: expires_at is/],
    ["tomorrow", times(25, 48), ["--trust", one.keyid], /made in the future/],
    ["channel", {}, ["--trust", one.keyid, "--channel", "testing"], /not for channel "testing"/],
    ["arch", {}, ["--trust", one.keyid, "--arch", "amd64"], /not for arch "x86_64"/],
    ["threshold", {}, ["--trust", one.keyid, "--threshold", "2"], /can't be reached/],
    ["zero", {}, ["--trust", one.keyid, "--threshold", "0"], /threshold 0/],
    [
      "twice",
      {},
      ["--trust", one.keyid, "--trust", one.keyid, "--threshold", "2"],
      /1 distinct key/,
    ],
    ["no keyid", {}, ["--trust", "abc"], /"abc" is no keyid/],
    ["small order", {}, ["--trust", smallOrder], /no usable public key/],
  ];
  for (const [name, changes, args, message] of cases) {
    const file = await write(directory, changes);
    const { code, out, err } = await plasmd("manifest", "verify", file, ...args);
    assert.equal(code, 4, name);
    assert.equal(out, "", name);
    assert.match(err, message, name);
    assert.doesNotMatch(err, /\n\s+at /, name);
  }
});

function times(from: number, to: number): Partial<ManifestFields> {
  const hours = (count: number) => formatTime(Date.now() + count * 3_600_000);
  return { created_at: hours(from), expires_at: hours(to), sequence: 1 };
}

Deno.test("manifest verify refuses what is no canonical manifest with exit code 4", async () => {
  await using directory = await tempDirectory();
  const file = await write(directory);
  const text = await Deno.readTextFile(file);
  const bad: [string, RegExp][] = [
    ["", /it is empty/],
    [`${text}\n`, /not in canonical form/],
    [JSON.stringify(JSON.parse(text), null, 2), /not in canonical form/],
    ["{}", /"manifest_version"/],
    [" ".repeat(2 * 1024 * 1024), /limit is 1 MiB/],
    ["[".repeat(100_000), /nested deeper/],
  ];
  for (const [content, message] of bad) {
    await Deno.writeTextFile(file, content);
    for (const command of ["verify", "show", "sign"]) {
      const { code, err } = await plasmd("manifest", command, file);
      assert.equal(code, 4, command + message);
      assert.match(err, message);
    }
    assert.equal(await Deno.readTextFile(file), content);
  }
});

Deno.test("without a policy manifest verify names who signed and how to pin them", async () => {
  await using directory = await tempDirectory();
  const file = await write(directory);
  const before = Deno.env.get("XDG_CONFIG_HOME");
  Deno.env.set("XDG_CONFIG_HOME", directory.path);
  try {
    const { code, err } = await plasmd("manifest", "verify", file);
    assert.equal(code, 4);
    assert.match(err, new RegExp(`to pin it: --trust ${one.keyid}`));
    await Deno.mkdir(directory.join("phase"));
    const policy = `trust_version = 1\n[[publisher]]\nkeys = ["${one.keyid}"]\n`;
    await Deno.writeTextFile(directory.join("phase", "trust.toml"), policy);
    assert.equal((await plasmd("manifest", "verify", file)).code, 0);
  } finally {
    if (before === undefined) Deno.env.delete("XDG_CONFIG_HOME");
    else Deno.env.set("XDG_CONFIG_HOME", before);
  }
});

Deno.test("a file that isn't there exits 1, a wrong threshold 2", async () => {
  const missing = await plasmd("manifest", "verify", "/nonexistent/m.json", "--trust", one.keyid);
  assert.equal(missing.code, 1);
  assert.match(missing.err, /Cannot read "\/nonexistent\/m\.json"/);
  const wrong = await plasmd("manifest", "verify", "m.json", "--threshold", "many");
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /Invalid threshold "many": it is a number of keys/);
});

Deno.test("manifest verify --artifacts checks the files too", async () => {
  await using directory = await tempDirectory();
  await using files = await tempDirectory();
  const file = await write(directory);
  const run = () =>
    plasmd("manifest", "verify", file, "--trust", one.keyid, "--artifacts", files.path);
  await Deno.writeFile(files.join("kernel"), kernel);
  const good = await run();
  assert.equal(good.err, "");
  assert.match(good.out, /its files are those of/);
  await Deno.writeTextFile(files.join("kernel"), "a kernek");
  const changed = await run();
  assert.equal(changed.code, 4);
  assert.match(changed.err, /kernel" is not the manifest's kernel: its hash is sha256:/);
});

Deno.test("manifest verify --artifacts names a file that is missing", async () => {
  await using directory = await tempDirectory();
  await using files = await tempDirectory();
  const artifacts = {
    kernel: artifactOf(kernel, "/kernel"),
    rootfs: artifactOf(kernel, "/rootfs"),
  };
  const file = await write(directory, { artifacts });
  await Deno.writeFile(files.join("kernel"), kernel);
  const args = ["--trust", one.keyid, "--artifacts", files.path];
  const { code, err } = await plasmd("manifest", "verify", file, ...args);
  assert.equal(code, 4);
  assert.match(err, /There is no rootfs in/);
});

Deno.test("manifest sign adds a signature, and two keys then reach a threshold of two", async () => {
  await using directory = await tempDirectory();
  const file = await write(directory);
  const id = JSON.parse((await plasmd("manifest", "show", file, "--json")).out).manifest_id;
  const second = await createIdentity(directory.join("second.key"), systemDeps());
  const both = ["--trust", one.keyid, "--trust", second.keyid, "--threshold", "2"];
  assert.equal((await plasmd("manifest", "verify", file, ...both)).code, 4);
  const signed = await plasmd("manifest", "sign", file, "--key", second.file, "--json");
  assert.equal(signed.code, 0);
  const result = JSON.parse(signed.out);
  assert.deepEqual(result.signers.sort(), [one.keyid, second.keyid].sort());
  assert.equal(result.manifest_id, id);
  assert.equal((await plasmd("manifest", "verify", file, ...both)).code, 0);
});

Deno.test("manifest sign --output leaves the file as it was", async () => {
  await using directory = await tempDirectory();
  const file = await write(directory);
  const before = await Deno.readFile(file);
  const second = await createIdentity(directory.join("second.key"), systemDeps());
  const output = directory.join("signed.json");
  const { code, out } = await plasmd(
    ...["manifest", "sign", file, "--key", second.file, "--output", output],
  );
  assert.equal(code, 0);
  assert.match(out, /signed\.json: signed by /);
  assert.deepEqual(await Deno.readFile(file), before);
  assert.equal(parseManifest(await Deno.readFile(output)).signatures.length, 2);
});

Deno.test("manifest sign warns of signatures that aren't valid", async () => {
  await using directory = await tempDirectory();
  const file = await write(directory);
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, text.replace("console=ttyS0", "console=ttyS1"));
  const second = await createIdentity(directory.join("second.key"), systemDeps());
  const { code, err } = await plasmd("manifest", "sign", file, "--key", second.file);
  assert.equal(code, 0);
  assert.match(err, /warning: the manifest carries signatures that are not valid/);
});

Deno.test("manifest sign without a key says how to make one", async () => {
  await using directory = await tempDirectory();
  const file = await write(directory);
  const { code, err } = await plasmd("manifest", "sign", file, "--key", directory.join("no.key"));
  assert.equal(code, 2);
  assert.match(err, /There is no key file .*\nhint: make one: plasmd identity new --file/);
});

Deno.test("manifest show prints what a manifest says and whose signatures are valid", async () => {
  await using directory = await tempDirectory();
  const file = await write(directory, times(-1, 12.5));
  const { code, out } = await plasmd("manifest", "show", file);
  assert.equal(code, 0);
  assert.match(out, /^version +2025\.11\.26\nchannel +stable\narch +arm64\n/);
  assert.match(out, /expires +\S+ \(in 12 h/);
  assert.match(out, /kernel +8 B +sha256:[0-9a-f]{64} +\/kernel/);
  assert.match(out, new RegExp(`${one.keyid} +valid signature`));
});

Deno.test("manifest show tells an invalid signature, none, an expired date, other members", async () => {
  await using directory = await tempDirectory();
  const file = await write(directory, times(-3, -1));
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, text.replace('{"arch"', '{"aa\x7f":1,"arch"'));
  const spoilt = await plasmd("manifest", "show", file);
  assert.match(spoilt.out, /INVALID signature/);
  assert.match(spoilt.out, /\(expired\)/);
  assert.match(spoilt.out, /other members: aa\\u\{7f\}$/m);
  const unsigned = await write(directory, {}, []);
  assert.match((await plasmd("manifest", "show", unsigned)).out, /not signed/);
});
