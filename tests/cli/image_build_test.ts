import assert from "node:assert/strict";
import { zstdDecompressSync } from "node:zlib";
import { runCommand } from "../../src/cli/main.ts";
import { readCpio, textIn } from "../support/cpio.ts";
import { ingredients } from "../support/image_parts.ts";
import { testIdentity } from "../support/manifests.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { fakeTerminal } from "../support/terminal.ts";

const { keyid } = testIdentity(1);

async function build(directory: TempDirectory, ...args: string[]) {
  const parts = await ingredients(directory);
  const terminal = fakeTerminal();
  const flags = Object.entries({
    "--kernel": parts.kernel,
    "--modules": parts.modules,
    "--output": parts.output,
    "--exe": parts.exe,
    "--busybox": parts.busybox,
    "--arch": "x86_64",
  });
  const code = await runCommand(
    ["image", "build", ...flags.flat(), ...args],
    terminal,
    new AbortController().signal,
  );
  return { code, out: terminal.out(), err: terminal.err(), output: parts.output };
}

async function unpacked(file: string) {
  return readCpio(new Uint8Array(zstdDecompressSync(await Deno.readFile(file))));
}

Deno.test("image build says what it has written", async () => {
  await using directory = await tempDirectory();
  const { code, out, err, output } = await build(
    directory,
    ...["--kind", "client", "--trust", keyid, "--provider", "http://192.0.2.1:8080"],
  );
  assert.equal(err, "");
  assert.equal(code, 0);
  assert.ok(out.startsWith(`${output}: client image, `), out);
  assert.match(out, /^kernel {6}6\.1\.0-13-amd64, 4 modules$/m);
  assert.match(out, /^sha256 {6}[0-9a-f]{64}$/m);
  const entries = await unpacked(output);
  assert.equal(textIn(entries, "etc/phase/kind"), "client\n");
  assert.equal(textIn(entries, "etc/phase/providers"), "http://192.0.2.1:8080\n");
  assert.match(textIn(entries, "etc/phase/trust.toml"), new RegExp(keyid));
});

Deno.test("image build --json names modules, times and warnings", async () => {
  await using directory = await tempDirectory();
  const { code, out, err } = await build(
    directory,
    ...["--kind", "node", "--json", "--not-before", "2026-11-01", "--compress", "zstd"],
  );
  assert.equal(code, 0);
  assert.match(err, /^warning: no --trust: /);
  const report = JSON.parse(out);
  assert.equal(report.not_before, "2026-11-01T00:00:00Z");
  assert.deepEqual(report.modules, ["squashfs", "overlay", "virtio", "virtio_net"]);
  assert.equal(report.warnings.length, 1);
});

Deno.test("manifests of the 90 days before the build are accepted unless a date is given", async () => {
  await using directory = await tempDirectory();
  const { out } = await build(directory, "--kind", "client", "--trust", keyid, "--json");
  const report = JSON.parse(out);
  assert.equal(Date.parse(report.built_at) - Date.parse(report.not_before), 90 * 86_400_000);
});

Deno.test("wrong flags are refused with exit 2, and write nothing", async () => {
  await using directory = await tempDirectory();
  const wrong: [args: string[], message: RegExp][] = [
    [["--kind", "server"], /server/],
    [["--kind", "client", "--not-before", "2026-02-30"], /Invalid date "2026-02-30"/],
    [["--kind", "client", "--provider", "boot.example"], /Invalid provider/],
    [[], /kind/],
  ];
  for (const [args, message] of wrong) {
    const { code, err, output } = await build(directory, ...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(err, message);
    await assert.rejects(Deno.stat(output), Deno.errors.NotFound);
  }
});

Deno.test("keys that can't be used are refused with exit 4", async () => {
  await using directory = await tempDirectory();
  const few = await build(directory, "--kind", "client", "--trust", keyid, "--threshold", "2");
  assert.equal(few.code, 4);
  assert.match(few.err, /threshold 2 can't be reached with 1 distinct key/);
});
