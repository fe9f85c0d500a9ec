import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { serverLimits } from "../../src/lib/limits.ts";
import { testBytes, writeFiles } from "../support/artifacts.ts";
import { runProgram } from "../support/program.ts";
import { startProvider } from "../support/provider.ts";
import { tempDirectory } from "../support/temp.ts";

/** Asks until the answer satisfies; a reload has no other end that can be seen from outside. */
async function until(origin: string, satisfied: (manifest: Manifest) => boolean) {
  for (let tries = 0; tries < 200; tries++) {
    const manifest: Manifest = await (await fetch(`${origin}/manifest.json`)).json();
    if (satisfied(manifest)) return manifest;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("the provider never took over the new configuration");
}

interface Manifest {
  readonly channel: string;
  readonly version: string;
  readonly cmdline?: string;
  readonly sequence: number;
  readonly key_lists?: readonly unknown[];
}

const toml = (more: string) =>
  `[provider]
artifacts_dir = "artifacts"
${more}
`;
const channel = (version: string) =>
  toml(`[provider.channels.stable]
kernel = "my-kernel"
version = "${version}"
cmdline = "console=ttyS0"`);

async function place(config: string) {
  const directory = await tempDirectory();
  await writeFiles(directory.path, {
    "artifacts/my-kernel": testBytes(3_000_000, 7),
    "provider.toml": config,
  });
  return directory;
}

Deno.test("provider.toml names the files, and SIGHUP takes over a new version while a download runs", async () => {
  await using directory = await place(channel("1.0"));
  const config = directory.join("provider.toml");
  await using provider = await startProvider(directory.join("artifacts"), directory.path, {
    args: ["--config", config],
  });
  const first = await until(provider.origin, ({ version }) => version === "1.0");
  assert.equal(first.cmdline, "console=ttyS0");
  const download = await fetch(`${provider.origin}/kernel`);
  await fs.writeFile(config, channel("2.0"));
  provider.process.kill("SIGHUP");
  const second = await until(provider.origin, ({ version }) => version === "2.0");
  assert.ok(second.sequence > first.sequence);
  assert.deepEqual(await download.bytes(), testBytes(3_000_000, 7));
});

Deno.test("a broken file keeps the old configuration and is said, as is what needs a restart", async () => {
  await using directory = await place(channel("1.0"));
  const config = directory.join("provider.toml");
  await using provider = await startProvider(directory.join("artifacts"), directory.path, {
    args: ["--config", config],
  });
  await fs.writeFile(config, toml("port = 'x'"));
  provider.process.kill("SIGHUP");
  await said(provider.process.stderr, /provider\.toml:3:1: Wrong value of "provider\.port"/);
  await fs.writeFile(config, channel("3.0").replace("[provider]", "[provider]\nsigning_key = 'x'"));
  provider.process.kill("SIGHUP");
  await until(provider.origin, ({ version }) => version === "3.0");
  await said(provider.process.stderr, /"provider\.signing_key" has changed: that needs a restart/);
  const health = await fetch(`${provider.origin}/health`);
  assert.equal((await health.json()).checks.artifacts_readable, true);
});

async function said(stderr: () => string, what: RegExp): Promise<void> {
  for (let tries = 0; tries < 200 && !what.test(stderr()); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.match(stderr(), what);
}

Deno.test("serve puts the key lists of a file into its manifests", async () => {
  await using directory = await place(channel("1.0"));
  const at = directory.join;
  const plasmd = async (...args: string[]) => {
    const result = await runProgram(args, { cwd: directory.path });
    assert.equal(result.code, 0, result.stderr);
    return result.stdout;
  };
  const keyid = async (file: string) =>
    /ed25519:[0-9a-f]{64}/.exec(await plasmd("identity", "new", "--file", at(file)))![0];
  await fs.mkdir(at("keys"), { mode: 0o700 });
  const root = await keyid("keys/root.key");
  const publish = await keyid("keys/publish.key");
  await plasmd(
    ...["publisher", "init", "--root", root, "--key", at("keys/root.key"), "--publish", publish],
    ...["--output", at("lists.json")],
  );
  await using provider = await startProvider(at("artifacts"), directory.path, {
    args: ["--config", at("provider.toml"), "--key-lists", at("lists.json")].concat([
      ...["--signing-key", at("keys/publish.key")],
    ]),
  });
  const manifest = await until(provider.origin, () => true);
  assert.equal(manifest.key_lists?.length, 1);
  const fetched = () =>
    plasmd(
      ...["boot", "fetch", provider.origin, "--trust", `root:${root}`],
      ...["--channel", "stable", "--output", at("out"), "--state-dir", at("client")],
    );
  await fetched();
  // The next list, read again: who pins the root key follows.
  await plasmd("publisher", "rotate", at("lists.json"), "--key", at("keys/root.key"));
  provider.process.kill("SIGHUP");
  await until(provider.origin, ({ key_lists }) => key_lists?.length === 2);
  await fetched();
  assert.deepEqual(
    await fs.readFile(at("out/kernel")),
    await fs.readFile(at("artifacts/my-kernel")),
  );
  // Lists that nobody would follow change nothing.
  const { sequence } = await until(provider.origin, () => true);
  await fs.writeFile(at("lists.json"), "{}");
  provider.process.kill("SIGHUP");
  await said(provider.process.stderr, /Cannot publish the key lists .*lists\.json/);
  assert.equal((await until(provider.origin, () => true)).sequence, sequence);
});

Deno.test("the default image follows the channels of the file", async () => {
  const channels = (...names: string[]) =>
    toml(names.map((name) => `[provider.channels.${name}]\nkernel = "my-kernel"`).join("\n"));
  await using directory = await place(channels("stable", "alpha"));
  const config = directory.join("provider.toml");
  await using provider = await startProvider(directory.join("artifacts"), directory.path, {
    args: ["--config", config],
  });
  const named = (wanted: string) => until(provider.origin, ({ channel }) => channel === wanted);
  await named("stable");
  await fs.writeFile(config, channels("next", "alpha"));
  provider.process.kill("SIGHUP");
  await named("next");
});

Deno.test("channels of a file that --artifacts passes over are said", async () => {
  await using directory = await place(channel("1.0"));
  const artifacts = directory.join("artifacts");
  const args = ["serve", "--artifacts", artifacts, "--port", "0", "--no-dht", "--no-mdns"];
  const { code, stderr } = await runProgram([...args, "--state-dir", directory.join("state")], {
    cwd: directory.path,
    env: {
      PLASMD_CONFIG: directory.join("provider.toml"),
      PLASMD_IDENTITY: directory.join("identity.key"),
    },
  });
  assert.match(stderr, /The channels of ".*provider\.toml" are not used/);
  // What is called my-kernel is no kernel to a scan.
  assert.equal(code, 2);
});

Deno.test("a longer drain that was read again holds for the end, too", async () => {
  await using directory = await place(channel("1.0"));
  await fs.writeFile(directory.join("artifacts/my-kernel"), testBytes(32_000_000, 7));
  const config = directory.join("provider.toml");
  const drain = (time: string) => `${channel("1.0")}\n[provider.limits]\ndrain = "${time}"\n`;
  await fs.writeFile(config, drain("1s"));
  await using provider = await startProvider(directory.join("artifacts"), directory.path, {
    args: ["--config", config],
  });
  await fs.writeFile(config, drain("1m").replace('version = "1.0"', 'version = "2.0"'));
  provider.process.kill("SIGHUP");
  await until(provider.origin, ({ version }) => version === "2.0");
  const download = await fetch(`${provider.origin}/kernel`);
  provider.process.kill("SIGTERM");
  // Longer than the drain at the start, and what an end may take beyond it.
  await new Promise((resolve) => setTimeout(resolve, 1000 + serverLimits.stopGraceMs + 500));
  assert.deepEqual(await download.bytes(), testBytes(32_000_000, 7));
});
