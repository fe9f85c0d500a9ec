import assert from "node:assert/strict";
import { join } from "node:path";
import { findNamed } from "../../src/artifacts/named.ts";
import { fileLimits } from "../../src/lib/limits.ts";
import { catalogPlace, writeFiles } from "../support/artifacts.ts";
import { tempDirectory } from "../support/temp.ts";

const both = ["arm64", "x86_64"] as const;
const stable = { name: "stable", arches: both, files: { kernel: "vmlinuz-stable" } };

Deno.test("a named file is looked for in {channel}/{arch}, then {arch}, then the directory", async () => {
  await using directory = await tempDirectory();
  const places: string[] = [];
  for (const place of ["", "arm64/", "stable/arm64/"]) {
    await writeFiles(directory.path, { [`${place}vmlinuz-stable`]: place || "top" });
    const [arm, intel] = await findNamed(directory.path, [stable]);
    places.push(arm!.files.get("kernel")!.slice(directory.path.length));
    assert.equal(intel!.files.get("kernel"), directory.join("vmlinuz-stable"));
    assert.deepEqual([arm!.channel, arm!.arch, intel!.arch], ["stable", "arm64", "x86_64"]);
  }
  const name = "vmlinuz-stable";
  assert.deepEqual(places, [`/${name}`, `/arm64/${name}`, `/stable/arm64/${name}`]);
});

Deno.test("only what is named is found, and a manifest in {channel}/{arch}", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, {
    "vmlinuz-stable": "kernel",
    "initrd.img": "not named",
    "manifest.json": "not of any channel",
    "stable/arm64/manifest.json": "of this one",
  });
  const [arm, intel] = await findNamed(directory.path, [stable]);
  assert.deepEqual([...arm!.files.keys()], ["kernel"]);
  assert.equal(arm!.manifestFile, directory.join("stable/arm64/manifest.json"));
  assert.equal(intel!.manifestFile, undefined);
});

Deno.test("a named file that is nowhere is named with its places", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "vmlinuz-stable": "kernel" });
  const channel = { ...stable, files: { ...stable.files, rootfs: "rootfs-stable.sqfs" } };
  await assert.rejects(findNamed(directory.path, [channel]), {
    code: "artifacts",
    message: 'No file "rootfs-stable.sqfs" for the channel stable',
    hint: /stable\/arm64, .*arm64, /,
  });
});

Deno.test("a name that leads out of the directory, to a directory or to nothing is refused", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "in/empty": "", "in/dir/file": "x", secret: "not yours" });
  await Deno.symlink("nowhere", directory.join("in/dangling"));
  const refused: [string, RegExp][] = [
    ["../secret", /outside of/],
    ["../../secret", /outside of|No file/],
    ["dir", /not a regular file/],
    ["empty", /it is empty/],
    ["dangling", /leads nowhere/],
    ["dir/file/below", /No file/],
  ];
  for (const [kernel, message] of refused) {
    const channel = { ...stable, arches: ["arm64"] as const, files: { kernel } };
    const finding = findNamed(directory.join("in"), [channel]);
    await assert.rejects(finding, { code: "artifacts", message }, kernel);
  }
});

Deno.test("more channels and arches than are served at most are refused", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "vmlinuz-stable": "kernel" });
  const channels = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ ...stable, name: `c${i}` }));
  assert.equal((await findNamed(directory.path, channels(32))).length, fileLimits.targets);
  await assert.rejects(findNamed(directory.path, channels(33)), { code: "artifacts" });
});

Deno.test("named channels are served, each with its own command line and version", async () => {
  await using place = await catalogPlace({ "vmlinuz-stable": "kernel", "boot/testing": "new" });
  await using catalog = await place.open({
    cmdline: "for all",
    imageVersion: "1",
    channels: [
      stable,
      {
        name: "testing",
        arches: ["arm64"],
        files: { kernel: "boot/testing" },
        cmdline: "its own",
        version: "2",
      },
    ],
  });
  const said = catalog.list().map(({ channel, arch, manifest: { manifest } }) =>
    `${channel}/${arch}: ${manifest.cmdline} ${manifest.version}`
  );
  assert.deepEqual(said, [
    "stable/arm64: for all 1",
    "stable/x86_64: for all 1",
    "testing/arm64: its own 2",
  ]);
  assert.deepEqual(catalog.default, { channel: "stable", arch: "arm64" });
  const [arm, intel] = catalog.list();
  assert.equal(arm!.artifacts.get("kernel")!.digest, intel!.artifacts.get("kernel")!.digest);
  assert.deepEqual(await catalog.check(), []);
});

Deno.test("an artifacts directory that is missing says so", async () => {
  await using directory = await tempDirectory();
  const missing = join(directory.path, "missing");
  await assert.rejects(findNamed(missing, [stable]), { message: /No artifacts directory/ });
});
