import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { selfExtracting } from "../../src/build/self_extract.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";

/** A "runtime" that says what it was started with. */
const runtime = new TextEncoder().encode(`#!/bin/sh
echo "program: $(cat "$2")"
shift 2
for argument do echo "argument: $argument"; done
env | grep -E '^(DENO_|NODE_|LD_|DYLD_|PLASMD_)' | sort
exit 7
`);
const program = new TextEncoder().encode("the program");

/** Every directory that it may be unpacked into is made private, as a home is. */
async function executableIn(directory: TempDirectory): Promise<string> {
  const file = directory.join("plasmd");
  const bytes = await selfExtracting({ runtime, program, args: ["it's run", "@"] });
  await fs.writeFile(file, bytes, { mode: 0o755 });
  return file;
}

async function run(
  file: string,
  cache: string,
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
) {
  const output = await new Deno.Command(file, {
    args: [...args],
    env: { PLASMD_CACHE_DIR: cache, ...env },
  }).output();
  const decoder = new TextDecoder();
  return {
    code: output.code,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}

const shell = { ignore: Deno.build.os === "windows" };

Deno.test(
  "it starts runtime and program with the arguments, and ends with their code",
  shell,
  async () => {
    await using directory = await tempDirectory();
    const file = await executableIn(directory);
    for (const _ of ["unpacked now", "unpacked before"]) {
      const { code, stdout, stderr } = await run(file, directory.join("cache"), {}, [
        "two words",
        "$x",
      ]);
      assert.equal(stderr, "");
      assert.equal(code, 7);
      assert.match(stdout, /^program: the program\nargument: two words\nargument: \$x\n/);
      assert.match(stdout, new RegExp(`^PLASMD_EXE=${file}$`, "m"));
      assert.match(stdout, /^PLASMD_CALLED_AS=plasmd$/m);
    }
    const mode = (await fs.stat(directory.join("cache"))).mode & 0o777;
    assert.equal(mode, 0o700);
  },
);

Deno.test("variables that would change the runtime don't reach it", shell, async () => {
  await using directory = await tempDirectory();
  const file = await executableIn(directory);
  const { stdout } = await run(file, directory.join("cache"), {
    ...{ DENO_DIR: "/elsewhere", DENO_AUTH_TOKENS: "x", NODE_OPTIONS: "--x" },
    ...{ DYLD_INSERT_LIBRARIES: "/x", LD_AUDIT_X: "/x" },
  });
  assert.deepEqual(
    stdout.split("\n").filter((line) => /^(DENO|NODE|LD|DYLD)_/.test(line)),
    [`DENO_DIR=${directory.join("cache")}/${stdout.match(/cache\/([0-9a-f]{64})/)![1]}/deno`]
      .concat("DENO_NO_UPDATE_CHECK=1"),
  );
});

Deno.test("under another name it is called by that name", shell, async () => {
  await using directory = await tempDirectory();
  const file = await executableIn(directory);
  await fs.symlink(file, directory.join("phase-discover"));
  const { stdout } = await run(directory.join("phase-discover"), directory.join("cache"));
  assert.match(stdout, /^PLASMD_CALLED_AS=phase-discover$/m);
});

Deno.test("a changed or cut file is refused, and leaves nothing behind", shell, async () => {
  await using directory = await tempDirectory();
  const file = await executableIn(directory);
  const bytes = await fs.readFile(file);
  const flipped = new Uint8Array(bytes);
  flipped[bytes.length - 30]! ^= 1;
  for (const damaged of [flipped, bytes.subarray(0, -20)]) {
    await fs.writeFile(file, damaged);
    const { code, stdout, stderr } = await run(file, directory.join("cache"));
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /^error: Cannot (start|unpack) .* damaged/);
    assert.match(stderr, /\nhint: fetch it again\n$/);
    assert.deepEqual(await fs.readdir(directory.join("cache")), []);
  }
});

Deno.test("a cache that others can write to, or that is a link, is not used", shell, async () => {
  await using directory = await tempDirectory();
  const file = await executableIn(directory);
  const open = directory.join("open");
  await fs.mkdir(open);
  await fs.chmod(open, 0o777);
  await fs.symlink(open, directory.join("link"));
  for (const cache of [open, directory.join("link")]) {
    const { code, stderr } = await run(file, cache);
    assert.equal(code, 1);
    assert.match(stderr, /others could write there/);
  }
  assert.deepEqual(await fs.readdir(open), []);
});

Deno.test("the same parts give the same bytes", async () => {
  const parts = { runtime, program, args: ["run", "@"] };
  assert.deepEqual(await selfExtracting(parts), await selfExtracting(parts));
});
