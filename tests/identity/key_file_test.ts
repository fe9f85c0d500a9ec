import assert from "node:assert/strict";
import process from "node:process";
import {
  createIdentity,
  identityFromSeed,
  readIdentity,
  readOrCreateIdentity,
} from "../../src/identity/key_file.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { projectRoot } from "../support/vectors.ts";

const deps = systemDeps();

async function keyIn(directory: TempDirectory): Promise<string> {
  const file = directory.join("a.key");
  await createIdentity(file, deps);
  return file;
}

Deno.test("a new key is 32 bytes that only its owner can read, and is read back", async () => {
  await using directory = await tempDirectory();
  const file = directory.join("deep", "er", "identity.key");
  const made = await createIdentity(file, deps);
  const { mode, size } = await Deno.stat(file);
  assert.equal(mode! & 0o7777, 0o600);
  assert.equal(size, 32);
  assert.equal((await Deno.stat(directory.join("deep", "er"))).mode! & 0o7777, 0o700);
  assert.deepEqual(await readIdentity(file), made);
  assert.match(made.keyid, /^ed25519:[0-9a-f]{64}$/);
  assert.match(made.peerId, /^12D3Koo/);
  assert.deepEqual([...Deno.readDirSync(directory.join("deep", "er"))].length, 1);
});

Deno.test("the seed comes from the given randomness", async () => {
  await using directory = await tempDirectory();
  const random = { bytes: (length: number) => new Uint8Array(length).fill(9) };
  const made = await createIdentity(directory.join("a.key"), { random });
  assert.equal(made.keyid, identityFromSeed(new Uint8Array(32).fill(9), "").keyid);
});

Deno.test("an existing key is never replaced", async () => {
  await using directory = await tempDirectory();
  const file = await keyIn(directory);
  const before = await Deno.readFile(file);
  await assert.rejects(createIdentity(file, deps), { code: "identity", message: /already/ });
  assert.deepEqual(await Deno.readFile(file), before);
});

Deno.test("a missing key says how to make one", async () => {
  await using directory = await tempDirectory();
  const file = directory.join("none.key");
  const expected = { code: "identity", message: /There is no key file/, hint: /identity new/ };
  await assert.rejects(readIdentity(file), expected);
});

Deno.test("read or create makes a key once", async () => {
  await using directory = await tempDirectory();
  const file = directory.join("a.key");
  const first = await readOrCreateIdentity(file, deps);
  assert.deepEqual(await readOrCreateIdentity(file, deps), first);
});

Deno.test("a key file that others can read, or run, is refused", async () => {
  await using directory = await tempDirectory();
  const file = await keyIn(directory);
  for (const mode of [0o640, 0o604, 0o644, 0o660, 0o666, 0o700, 0o610, 0o601]) {
    await Deno.chmod(file, mode);
    const expected = { code: "identity", message: /its mode is 0\d{3}, and must be 0600/ };
    await assert.rejects(readIdentity(file), expected, mode.toString(8));
    await assert.rejects(readOrCreateIdentity(file, deps), expected);
  }
  await Deno.chmod(file, 0o400);
  await readIdentity(file);
});

Deno.test("a key file of another length is refused", async () => {
  await using directory = await tempDirectory();
  for (const length of [0, 31, 33, 64, 5000]) {
    const file = directory.join(`${length}.key`);
    await Deno.writeFile(file, new Uint8Array(length), { mode: 0o600 });
    const expected = {
      code: "identity",
      message: new RegExp(`it has ${length} bytes, a key has 32`),
    };
    await assert.rejects(readIdentity(file), expected);
  }
});

Deno.test("a link to a key is refused, also one that leads nowhere", async () => {
  await using directory = await tempDirectory();
  const file = await keyIn(directory);
  const link = directory.join("link.key");
  await Deno.symlink(file, link);
  await assert.rejects(readIdentity(link), { code: "identity", message: /it is a link/ });
  const dangling = directory.join("dangling.key");
  await Deno.symlink(directory.join("nothing"), dangling);
  await assert.rejects(readOrCreateIdentity(dangling, deps), { code: "identity", message: /link/ });
  await assert.rejects(createIdentity(dangling, deps), { code: "identity" });
});

Deno.test("a directory or a pipe in the place of a key is refused at once", async () => {
  await using directory = await tempDirectory();
  const expected = { code: "identity", message: /not a regular file/ };
  await assert.rejects(readIdentity(directory.path), expected);
  const pipe = directory.join("pipe.key");
  const made = await new Deno.Command("mkfifo", { args: ["-m", "600", pipe] }).output();
  assert.ok(made.success);
  await assert.rejects(readIdentity(pipe), expected);
});

Deno.test("a directory that others can write is refused, for reading and making a key", async () => {
  await using directory = await tempDirectory();
  const file = await keyIn(directory);
  for (const mode of [0o777, 0o770, 0o1777, 0o702]) {
    await Deno.chmod(directory.path, mode);
    const expected = { code: "identity", message: /other users can write its directory/ };
    await assert.rejects(readIdentity(file), expected);
    await assert.rejects(createIdentity(directory.join("b.key"), deps), expected);
  }
  await Deno.chmod(directory.path, 0o755);
  await readIdentity(file);
});

Deno.test({
  name: "a key of another user is refused",
  ignore: process.geteuid?.() !== 0,
  async fn() {
    await using directory = await tempDirectory();
    const file = await keyIn(directory);
    await Deno.chown(file, 65534, 65534);
    await assert.rejects(readIdentity(file), {
      code: "identity",
      message: /belongs to user 65534/,
    });
    const mine = await createIdentity(directory.join("b.key"), deps);
    await Deno.chown(directory.path, 65534, 65534);
    await assert.rejects(readIdentity(mine.file), {
      message: /its directory belongs to user 65534/,
    });
  },
});

Deno.test("a directory that can't be made is told as the system tells it", async () => {
  await using directory = await tempDirectory();
  await Deno.writeTextFile(directory.join("file"), "");
  const expected = { message: /Cannot make key file/ };
  await assert.rejects(createIdentity(directory.join("file", "a.key"), deps), expected);
});

Deno.test("of many that make the same key at once one wins, and all have its key", async () => {
  await using directory = await tempDirectory();
  const file = directory.join("new", "a.key");
  const all = await Promise.all(
    Array.from({ length: 12 }, () => readOrCreateIdentity(file, deps)),
  );
  assert.equal(new Set(all.map(({ keyid }) => keyid)).size, 1);
  assert.deepEqual([...Deno.readDirSync(directory.join("new"))].map(({ name }) => name), ["a.key"]);
});

Deno.test("of two processes that make the same key at once both have the same", async () => {
  await using directory = await tempDirectory();
  const script = `
    const { readOrCreateIdentity } = await import("${projectRoot}src/identity/key_file.ts");
    const { systemDeps } = await import("${projectRoot}src/lib/deps.ts");
    console.log((await readOrCreateIdentity(Deno.args[0], systemDeps())).keyid);`;
  await Deno.writeTextFile(directory.join("make.ts"), script);
  const run = () =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", "--config", `${projectRoot}deno.json`]
        .concat(directory.join("make.ts"), directory.join("a.key")),
    }).output();
  const [one, two] = await Promise.all([run(), run()]);
  const text = (output: Deno.CommandOutput) => new TextDecoder().decode(output.stdout);
  assert.match(text(one), /^ed25519:[0-9a-f]{64}\n$/);
  assert.equal(text(one), text(two));
});

Deno.test("PLASMD_IDENTITY is where a key is looked for", async () => {
  await using directory = await tempDirectory();
  const file = directory.join("env.key");
  const before = Deno.env.get("PLASMD_IDENTITY");
  Deno.env.set("PLASMD_IDENTITY", file);
  try {
    const made = await createIdentity(undefined, deps);
    assert.equal(made.file, file);
    assert.deepEqual(await readIdentity(), made);
  } finally {
    if (before === undefined) Deno.env.delete("PLASMD_IDENTITY");
    else Deno.env.set("PLASMD_IDENTITY", before);
  }
});
