/**
 * The boot commands as a person runs them, as far as a machine that stays on can go.
 *
 * @module
 */

import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { runCommand } from "../../src/cli/main.ts";
import { formatTime } from "../../src/formats/time.ts";
import { machineArch } from "../../src/formats/names.ts";
import { bootable, serving } from "../support/bootable.ts";
import { startOrigin } from "../support/fake_origin.ts";
import { testIdentity } from "../support/manifests.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { fakeTerminal } from "../support/terminal.ts";

const now = Date.now();
const notLinux = Deno.build.os !== "linux";
const trusted = testIdentity(1).keyid;
const other = testIdentity(2).keyid;

const image = bootable({
  arch: machineArch(),
  created_at: formatTime(now),
  expires_at: formatTime(now + 86_400_000),
  sequence: Math.floor(now / 1000),
});

/** Runs a command on a machine with this kernel command line and image policy. */
async function plasmd(
  directory: TempDirectory,
  args: readonly string[],
  { cmdline = "console=ttyS0", policy = "" }: { cmdline?: string; policy?: string } = {},
) {
  await fs.mkdir(directory.join("settings"), { recursive: true });
  await fs.writeFile(directory.join("cmdline"), `${cmdline}\n`);
  if (policy !== "") await fs.writeFile(directory.join("settings/trust.toml"), policy);
  const terminal = fakeTerminal();
  const code = await runCommand(
    [
      ...args,
      ...["--cmdline-file", directory.join("cmdline"), "--settings", directory.join("settings")],
      ...["--state-dir", directory.join("state")],
    ],
    terminal,
    new AbortController().signal,
  );
  return { code, out: terminal.out(), err: terminal.err() };
}

function policyFor(keyid: string): string {
  return `trust_version = 1\n[[publisher]]\nkeys = ["${keyid}"]\n`;
}

Deno.test({
  name: "boot run --dry-run does everything but the last step",
  ignore: notLinux,
  async fn() {
    await using directory = await tempDirectory();
    await using origin = startOrigin(serving(image));
    const { code, out, err } = await plasmd(
      directory,
      ["boot", "run", "--provider", origin.url, "--trust", trusted, "--dry-run"],
      { cmdline: "console=ttyS0 quiet phase.serve=1" },
    );
    assert.equal(code, 0, err);
    assert.match(out, /^image +stable\/\S+ 2025\.11\.26, sequence \d+, signed by ed25519:/m);
    assert.match(out, /^command line +console=ttyS0 phase\.serve=1$/m);
    assert.match(out, /^kernel +verified, nothing was loaded$/m);
    assert.ok((await fs.readdir(directory.join("state/boot"))).includes("manifest.json"));
  },
});

Deno.test({
  name: "the kernel command line names provider and channel, and JSON says what was done",
  ignore: notLinux,
  async fn() {
    await using directory = await tempDirectory();
    await using origin = startOrigin(serving(image));
    const { code, out } = await plasmd(directory, ["boot", "run", "--dry-run", "--json"], {
      cmdline: `phase.provider=${origin.url} phase.channel=stable phase.trust=${trusted}`,
    });
    assert.equal(code, 0);
    const result = JSON.parse(out);
    assert.equal(result.outcome, "checked");
    assert.deepEqual(result.providers, [origin.url]);
    assert.ok(result.cmdline.includes(`phase.trust=${trusted}`));
  },
});

Deno.test({
  name: "phase.trust can't widen what the image pins",
  ignore: notLinux,
  async fn() {
    await using directory = await tempDirectory();
    await using origin = startOrigin(serving(image));
    const cmdline = `phase.provider=${origin.url} phase.trust=${trusted}`;
    const { code, err } = await plasmd(directory, ["boot", "run", "--dry-run"], {
      cmdline,
      policy: policyFor(other),
    });
    assert.equal(code, 4);
    assert.match(err, /the kernel command line/);
    assert.equal(origin.requests.length, 0);
  },
});

Deno.test({
  name: "the image's policy decides without a word on the command line",
  ignore: notLinux,
  async fn() {
    await using directory = await tempDirectory();
    await using origin = startOrigin(serving(image));
    const args = ["boot", "run", "--dry-run", "--provider", origin.url];
    const refused = await plasmd(directory, args, { policy: policyFor(other) });
    assert.equal(refused.code, 4);
    const accepted = await plasmd(directory, args, { policy: policyFor(trusted) });
    assert.equal(accepted.code, 0, accepted.err);
  },
});

Deno.test({
  name: "where nobody is named, and nobody may be looked for, there is exit code 3 and what to do",
  ignore: notLinux,
  async fn() {
    await using directory = await tempDirectory();
    const args = ["boot", "run", "--trust", trusted, "--dry-run"];
    const { code, err } = await plasmd(directory, args, { cmdline: "phase.mode=private" });
    assert.equal(code, 3);
    assert.match(err, /hint: .*phase\.provider=/);
  },
});

Deno.test("a wrong kernel command line is refused by name", async () => {
  await using directory = await tempDirectory();
  const { code, err } = await plasmd(directory, ["boot", "run"], { cmdline: "phase.trsut=x" });
  assert.equal(code, 2);
  assert.match(err, /unknown argument "phase\.trsut"/);
});

Deno.test("another arch than this machine's can't be booted", async () => {
  await using directory = await tempDirectory();
  const arch = machineArch() === "arm64" ? "x86_64" : "arm64";
  const { code, err } = await plasmd(directory, ["boot", "run", "--arch", arch]);
  assert.equal(code, 4);
  assert.match(err, /this machine is/);
});

Deno.test({
  name: "boot kexec --dry-run verifies a directory and shows the next command line",
  ignore: notLinux,
  async fn() {
    await using directory = await tempDirectory();
    await fs.mkdir(directory.join("image"));
    for (const [name, bytes] of Object.entries(image)) {
      await fs.writeFile(directory.join("image", name), bytes);
    }
    const args = ["boot", "kexec", directory.join("image"), "--trust", trusted, "--dry-run"];
    const good = await plasmd(directory, [...args, "--cmdline", "panic=5"]);
    assert.equal(good.code, 0, good.err);
    assert.match(good.out, /^command line +.*\bpanic=5\b/m);
    const wrong = await plasmd(directory, [...args, "--cmdline", "phase.serve=1"]);
    assert.equal(wrong.code, 2);
    await fs.appendFile(directory.join("image/rootfs"), "x");
    const changed = await plasmd(directory, args);
    assert.equal(changed.code, 4);
    assert.match(changed.err, /rootfs/);
  },
});

Deno.test("boot status tells a verified handover from a changed one and from none", async () => {
  await using directory = await tempDirectory();
  const given = directory.join("handover");
  const none = await plasmd(directory, ["boot", "status", given, "--trust", trusted]);
  assert.equal(none.code, 3);
  await fs.mkdir(given);
  for (const [name, bytes] of Object.entries(image)) await fs.writeFile(`${given}/${name}`, bytes);
  const good = await plasmd(directory, ["boot", "status", given, "--trust", trusted]);
  assert.equal(good.code, 0, good.err);
  assert.match(good.out, /^verified +manifest, kernel, initramfs, rootfs$/m);
  const json = await plasmd(directory, ["boot", "status", given, "--trust", trusted, "--json"]);
  assert.deepEqual(JSON.parse(json.out).present, ["kernel", "initramfs", "rootfs"]);
  const untrusted = await plasmd(directory, ["boot", "status", given, "--trust", other]);
  assert.equal(untrusted.code, 4);
});

Deno.test("boot refill fetches what a handover lacks", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(serving(image));
  const given = directory.join("handover");
  await fs.mkdir(given);
  await fs.writeFile(`${given}/manifest.json`, image["manifest.json"]!);
  await fs.writeFile(`${given}/kernel`, image.kernel!);
  await fs.writeFile(
    `${given}/origins.json`,
    `{"left_out":["rootfs"],"origins_version":1,"providers":["${origin.url}"]}`,
  );
  const { code, out, err } = await plasmd(directory, ["boot", "refill", given, "--trust", trusted]);
  assert.equal(code, 0, err);
  assert.match(out, /initramfs, rootfs fetched/);
  const status = await plasmd(directory, ["boot", "status", given, "--trust", trusted]);
  assert.match(status.out, /^verified +manifest, kernel, initramfs, rootfs$/m);
});
