import assert from "node:assert/strict";
import { runCommand } from "../../src/cli/main.ts";
import { parseRate } from "../../src/cli/rate.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { type FakeOrigin, startOrigin } from "../support/fake_origin.ts";
import { honest, rangeReply, testImage, withRootfs } from "../support/image_origin.ts";
import { testIdentity } from "../support/manifests.ts";
import { projectRoot, startProgram } from "../support/program.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { type FakeTerminal, fakeTerminal } from "../support/terminal.ts";

/** An image that is valid today, since commands ask the machine's clock. */
const now = Math.floor(Date.now() / 1000) * 1000;
const time = (ms: number) => new Date(ms).toISOString().replace(".000Z", "Z");
const image = testImage({
  created_at: time(now - 3_600_000),
  expires_at: time(now + 86_400_000),
  sequence: now / 1000,
});
const { keyid } = testIdentity(1);

async function plasmd(
  args: readonly string[],
  terminal: FakeTerminal = fakeTerminal(),
  signal: AbortSignal = new AbortController().signal,
) {
  const code = await runCommand(args, terminal, signal);
  return { code, out: terminal.out(), err: terminal.err() };
}

function fetchArgs(directory: TempDirectory, origins: readonly FakeOrigin[], ...more: string[]) {
  const providers = origins.flatMap(({ url }) => ["--provider", url]);
  const state = ["--state-dir", directory.join("state")];
  return ["boot", "fetch", ...providers, "--output", directory.join("out"), ...state, ...more];
}

function verifyArgs(directory: TempDirectory, ...more: string[]) {
  const state = ["--state-dir", directory.join("state")];
  return ["boot", "verify", directory.join("out"), ...state, ...more];
}

Deno.test("an image is fetched, then verified, then refused with a flipped byte", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  const fetched = await plasmd(fetchArgs(directory, [origin], "--trust", keyid));
  assert.equal(fetched.code, 0, fetched.err);
  assert.match(fetched.out, /kernel, rootfs of stable\/arm64 2025\.11\.26, signed by ed25519:/);
  const verified = await plasmd(verifyArgs(directory, "--trust", keyid));
  assert.equal(verified.code, 0, verified.err);
  assert.match(verified.out, /kernel, rootfs of stable\/arm64 .* verified/);
  const wrong = image.kernel.slice();
  wrong[0]! ^= 1;
  await Deno.writeFile(directory.join("out", "kernel"), wrong);
  const refused = await plasmd(verifyArgs(directory, "--trust", keyid));
  assert.equal(refused.code, 4);
  assert.match(refused.err, /^error: .*kernel" differs from what was signed\nhint: /);
});

Deno.test("the result is one JSON document", async () => {
  await using directory = await tempDirectory();
  await using liar = startOrigin(
    withRootfs(
      image,
      (request) => rangeReply(request, image.rootfs, (bytes) => (bytes[0]! ^= 1, bytes)),
    ),
  );
  await using good = startOrigin(honest(image));
  const args = fetchArgs(directory, [liar, good], "--trust", keyid, "--json");
  const { code, out, err } = await plasmd(args);
  assert.equal(code, 0, err);
  const result = JSON.parse(out);
  assert.equal(result.manifest_id, image.verified.id);
  assert.deepEqual(result.signers, [keyid]);
  assert.deepEqual(result.files.map((file: { name: string }) => file.name), ["kernel", "rootfs"]);
  assert.equal(result.bytes, image.kernel.length + image.rootfs.length);
  assert.equal(result.floor_kept, true);
  assert.equal(typeof result.duration_ms, "number");
  // Who of the two answers first is chance; the liar is only found out if it was asked.
  for (const { name, code, reason } of result.dropped) {
    assert.deepEqual([name, code], [liar.url, "bad_source"]);
    assert.match(reason, /chunk/);
    assert.match(err, /warning: http.* is not used: sent wrong bytes in chunk/);
  }
  const checked = await plasmd(verifyArgs(directory, "--trust", keyid, "--json"));
  assert.equal(JSON.parse(checked.out).manifest_id, image.verified.id);
});

Deno.test("without a policy the keys seen are printed, and how to pin them", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  const empty = directory.join("empty.toml");
  const { code, err } = await plasmd(fetchArgs(directory, [origin], "--trust-policy", empty));
  assert.equal(code, 4);
  assert.match(err, /no such file/);
  const config = Deno.env.get("XDG_CONFIG_HOME");
  Deno.env.set("XDG_CONFIG_HOME", directory.path);
  try {
    const unpinned = await plasmd(fetchArgs(directory, [origin]));
    assert.equal(unpinned.code, 4);
    assert.ok(unpinned.err.includes(`--trust ${keyid}`), unpinned.err);
  } finally {
    if (config === undefined) Deno.env.delete("XDG_CONFIG_HOME");
    else Deno.env.set("XDG_CONFIG_HOME", config);
  }
});

Deno.test("a trust.toml decides, and flags only narrow it", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  const file = directory.join("trust.toml");
  const other = testIdentity(2).keyid;
  await Deno.writeTextFile(file, `trust_version = 1\n[[publisher]]\nkeys = ["${keyid}"]\n`);
  const args = fetchArgs(directory, [origin], "--trust-policy", file);
  assert.equal((await plasmd(args)).code, 0);
  assert.equal((await plasmd([...args, "--trust", other])).code, 4);
});

Deno.test("first use needs a terminal, and is loud there", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  const policy = Deno.env.get("XDG_CONFIG_HOME");
  Deno.env.set("XDG_CONFIG_HOME", directory.path);
  try {
    const args = fetchArgs(directory, [origin], "--trust-on-first-use");
    const blind = await plasmd(args);
    assert.equal(blind.code, 2);
    assert.match(blind.err, /at a terminal only/);
    const seen = await plasmd(args, fakeTerminal({ interactive: true }));
    assert.equal(seen.code, 0, seen.err);
    assert.match(seen.err, /warning: TRUSTING A KEY THAT NOBODY HAS CHECKED/);
    assert.ok(seen.err.includes(keyid));
  } finally {
    if (policy === undefined) Deno.env.delete("XDG_CONFIG_HOME");
    else Deno.env.set("XDG_CONFIG_HOME", policy);
  }
});

Deno.test("what is missing is said with a hint", async () => {
  const nobody = await plasmd(["boot", "fetch", "--output", "out"]);
  assert.equal(nobody.code, 2);
  assert.match(nobody.err, /error: No provider is named\nhint: /);
  const nowhere = await plasmd(["boot", "fetch", "http://127.0.0.1:1"]);
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.err, /No output directory/);
  const unknown = await plasmd([
    "boot",
    "fetch",
    "http://h",
    "--output",
    "o",
    "--artifact",
    "krnl",
  ]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /kernel, initramfs, rootfs/);
});

Deno.test("a provider that isn't there ends with 5", async () => {
  await using directory = await tempDirectory();
  const args = ["http://127.0.0.1:1", "--trust", keyid, "--output", directory.join("out")];
  const { code, err } = await plasmd(["boot", "fetch", ...args, "--timeout", "1"]);
  assert.equal(code, 5);
  assert.match(err, /^error: http:\/\/127\.0\.0\.1:1: .*\nhint: is it running/);
});

Deno.test("a keyid that is none ends with 4", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  const { code } = await plasmd(fetchArgs(directory, [origin], "--trust", "ed25519:00"));
  assert.equal(code, 4);
  assert.equal(origin.connections(), 0);
});

Deno.test("Ctrl-C ends a fetch with 130 and keeps what is there", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  const stop = new AbortController();
  const args = fetchArgs(directory, [origin], "--trust", keyid, "--limit-rate", "1M");
  const fetching = plasmd(args, fakeTerminal(), stop.signal);
  while (origin.requests.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort(new PlasmdError("cancelled", "Stopped by a signal"));
  const { code, err } = await fetching;
  assert.equal(code, 130);
  assert.match(err, /Stopped by a signal/);
  const names = [...Deno.readDirSync(directory.join("out"))].map(({ name }) => name).sort();
  assert.deepEqual(names, ["kernel.part", "rootfs.part"]);
  assert.equal((await plasmd(fetchArgs(directory, [origin], "--trust", keyid))).code, 0);
});

Deno.test("a fetch that was killed goes on where it was", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  const args = fetchArgs(directory, [origin], "--trust", keyid);
  {
    await using running = startProgram([...args, "--limit-rate", "1M"], { cwd: projectRoot });
    const part = directory.join("out", "rootfs.part");
    const sizeOf = () => Deno.stat(part).then(({ size }) => size, () => 0);
    while (await sizeOf() < 600_000) await new Promise((resolve) => setTimeout(resolve, 10));
    running.kill("SIGKILL");
    await running.ended;
  }
  const { code, out } = await plasmd([...args, "--json"]);
  assert.equal(code, 0);
  const { bytes } = JSON.parse(out);
  assert.ok(bytes < image.rootfs.length - 500_000, `${bytes} came again`);
  assert.deepEqual(await Deno.readFile(directory.join("out", "rootfs")), image.rootfs);
});

Deno.test("rates are written as people write them", () => {
  assert.deepEqual(["500k", "10M", "1.5m", "1G", "100000"].map(parseRate), [
    512_000,
    10_485_760,
    1_572_864,
    1_073_741_824,
    100_000,
  ]);
  for (const bad of ["", "0", "1", "-5k", "k", "10 M", "1e6", "10MB", "1k5"]) {
    assert.throws(() => parseRate(bad), SyntaxError, bad);
  }
});
