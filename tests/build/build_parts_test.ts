import assert from "node:assert/strict";
import { buildFacts } from "../../src/build/facts.ts";
import { joinLicenses, npmLicenses, packagesOf } from "../../src/build/licenses.ts";
import { sizeReport, sizeText } from "../../src/build/report.ts";
import { sumsText } from "../../src/build/sums.ts";
import { targetsOf } from "../../src/build/targets.ts";
import { checkToolchain, libraryFile, missingPackages } from "../../src/build/toolchain.ts";
import { main } from "../../src/build/compile.ts";
import { tempDirectory } from "../support/temp.ts";

const [x64] = targetsOf(["linux-x64"]);

Deno.test("all is every target, and an unknown one is named with those that there are", () => {
  const names = (given: string[]) => targetsOf(given).map(({ name }) => name);
  assert.deepEqual(names(["all"]), ["linux-x64", "linux-arm64", "darwin-arm64"]);
  assert.deepEqual(names(["linux-arm64", "linux-x64"]), ["linux-arm64", "linux-x64"]);
  assert.throws(() => targetsOf(["linux-riscv64"]), {
    code: "usage",
    message: 'Unknown target "linux-riscv64"',
    hint: /linux-x64, linux-arm64, darwin-arm64 and all/,
  });
});

Deno.test("a machine that lacks something is told which packages to install", () => {
  assert.deepEqual(missingPackages(x64!.linux!, () => true), []);
  const native = Deno.build.arch === "x86_64";
  const packages = native
    ? ["gcc", "libc6-dev", "libzstd-dev"]
    : ["gcc-x86-64-linux-gnu", "libc6-dev-amd64-cross", "libzstd-dev:amd64"];
  assert.deepEqual(missingPackages(x64!.linux!, () => false), packages);
  assert.deepEqual(
    missingPackages(x64!.linux!, (path) => !path.endsWith("libzstd.a")),
    [packages[2]],
  );
  const elsewhere = { ...x64!.linux!, directories: ["/nowhere"] };
  assert.throws(() => checkToolchain(elsewhere), {
    code: "config",
    message: /libzstd-dev/,
    hint: /^apt-get install /,
  });
});

Deno.test("a library that isn't there is named with where it was looked for", async () => {
  await assert.rejects(libraryFile(x64!.linux!, "libnothing.so.9"), {
    code: "config",
    message: /"libnothing\.so\.9" in \/usr\/lib\/x86_64-linux-gnu/,
  });
});

Deno.test("a wrong command line of the task ends with 2", async () => {
  const { error } = console;
  const said: string[] = [];
  console.error = (text: string) => said.push(text);
  try {
    assert.equal(await main(["--target", "plan9-mips"]), 2);
    assert.equal(await main(["--runtime", "node"]), 2);
    assert.equal(await main(["--bogus"]), 2);
    assert.equal(await main(["--runtime", "npm", "--target", "darwin-arm64", "extra"]), 2);
  } finally {
    console.error = error;
  }
  assert.match(said[0]!, /^error: Unknown target "plan9-mips"\nhint: /);
  assert.match(said[1]!, /^error: Unknown runtime "node"\nhint: it is denort or npm/);
  assert.match(said[2]!, /--bogus/);
});

Deno.test("a build without a checkout knows no commit, and its time is the given one", async () => {
  await using directory = await tempDirectory();
  assert.deepEqual(await buildFacts(directory.path, "1700000000"), {
    commit: null,
    epoch: 1_700_000_000,
  });
  assert.equal((await buildFacts(directory.path, "tomorrow")).epoch, 0);
});

Deno.test("the packages of a bundle are found in the sources of its map", () => {
  assert.deepEqual(
    packagesOf([
      "src/lib/worker.ts",
      "npm:valibot/1.5.0/dist/index.mjs",
      "npm:@noble/curves/2.4.0/ed25519.js",
      "npm:valibot/1.5.0/dist/other.mjs",
    ]),
    [{ name: "@noble/curves", version: "2.4.0" }, { name: "valibot", version: "1.5.0" }],
  );
});

Deno.test("a package's licence is read where the runtime keeps it", async () => {
  const [license] = await npmLicenses([{ name: "@noble/curves", version: "2.4.0" }]);
  assert.deepEqual(license!.holders, ["@noble/curves 2.4.0"]);
  assert.match(license!.text, /Permission is hereby granted/);
  await assert.rejects(npmLicenses([{ name: "no-such", version: "0.0.0" }]), /no-such/);
});

Deno.test("a text that several share is printed once, with all their names", () => {
  const text = joinLicenses([
    { holders: ["one"], text: "MIT\r\n" },
    { holders: ["two"], text: "GPL" },
    { holders: ["three"], text: "MIT" },
  ]);
  assert.equal(text.split("MIT").length, 2);
  assert.match(text, /one\nthree\n-+\n\nMIT\n/);
});

Deno.test("SHA256SUMS holds the executables and nothing else", async () => {
  await using directory = await tempDirectory();
  for (const name of ["plasmd-linux-x64", "plasmd-linux-x64.js", "plasmd-linux-x64.size.json"]) {
    await Deno.writeTextFile(directory.join(name), "abc");
  }
  assert.equal(
    await sumsText(directory.path),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  plasmd-linux-x64\n",
  );
});

Deno.test("the size report adds up", () => {
  const frame = (packed: number) => ({ at: 0, size: 0, packed: new Uint8Array(packed) });
  const bundle = {
    file: "x.js",
    bytes: 1024 * 1024,
    parts: { p2p: 3 * 1024 * 1024 },
    workers: { daemon: 512 * 1024 },
  };
  const report = sizeReport(4 * 1024 * 1024, bundle, [
    { name: "runtime", role: "runtime", size: 8 * 1024 * 1024, frames: [frame(1 << 20), frame(1)] },
    { name: "plasmd.js", role: "program", size: 1024 * 1024, frames: [frame(1 << 19)] },
  ]);
  assert.deepEqual(report.parts[0], {
    name: "runtime",
    bytes: 8 * 1024 * 1024,
    packed: (1 << 20) + 1,
  });
  const text = sizeText("dist/plasmd-x", report);
  assert.match(text, /^dist\/plasmd-x: 4\.00 MiB\n/);
  assert.match(text, /all parts +9\.00 MiB +1\.50 MiB\n/);
  assert.match(text, /daemon Worker in it +0\.50 MiB\n/);
  assert.match(text, /p2p, loaded if needed +3\.00 MiB$/);
});
