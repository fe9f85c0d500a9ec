import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
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
  await fs.writeFile(config, channel("3.0").replace("[provider]", "[provider]\nhost = '::1'"));
  provider.process.kill("SIGHUP");
  await until(provider.origin, ({ version }) => version === "3.0");
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
});
