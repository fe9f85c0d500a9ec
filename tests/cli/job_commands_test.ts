import assert from "node:assert/strict";
import { parseSize } from "../../src/cli/size.ts";
import { writeFiles } from "../support/artifacts.ts";
import { hello, hostile } from "../support/job_modules.ts";
import { runProgram } from "../support/program.ts";
import { tempDirectory } from "../support/temp.ts";

Deno.test("job run prints what the module prints and exits with its code", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "hello.wasm": hello("hello\n", 33) });
  const { code, stdout } = await runProgram(["job", "run", "hello.wasm"], { cwd: directory.path });
  assert.deepEqual([code, stdout], [33, "hello\n"]);
  const json = await runProgram(["job", "run", "--json", "hello.wasm"], { cwd: directory.path });
  assert.equal(json.code, 33);
  assert.deepEqual(JSON.parse(json.stdout), {
    completion: "exit",
    exit_code: 33,
    reason: null,
    stdout: "hello\n",
    stderr: "",
  });
});

Deno.test("a module that is refused exits 126, one that runs too long 124", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "no.wasm": "no wasm", "loop.wasm": hostile.loop });
  const no = await runProgram(["job", "run", "no.wasm"], { cwd: directory.path });
  assert.equal(no.code, 126);
  assert.match(no.stderr, /Cannot run the module: it is no WebAssembly/);
  const loop = await runProgram(["job", "run", "--timeout", "1", "loop.wasm"], {
    cwd: directory.path,
  });
  assert.equal(loop.code, 124);
  assert.match(loop.stderr, /ended by timeout/);
});

Deno.test("a missing file, a wrong pair or name is said", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "hello.wasm": hello("", 0) });
  const run = (...args: string[]) =>
    runProgram(["job", "run", ...args, "hello.wasm"], { cwd: directory.path });
  assert.equal((await run("--file", "a=missing")).code, 1);
  assert.equal((await run("--file", "../a=hello.wasm")).code, 2);
  assert.equal((await run("--env", "novalue")).code, 2);
  assert.equal((await run("--memory", "lots")).code, 2);
});

Deno.test("sizes are written with their unit", () => {
  assert.deepEqual(["100", "64k", "1M", "2G"].map(parseSize), [100, 65_536, 1 << 20, 2 ** 31]);
  for (const bad of ["", "0", "-1", "1T", "1.5M", "M"]) assert.throws(() => parseSize(bad), bad);
});

Deno.test("a worker that is told no key says so", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "image/readme": "no kernel" });
  const serve = ["serve", "--artifacts", "image", "--port", "0", "--no-dht", "--no-mdns"];
  const run = (...args: string[]) =>
    runProgram([...serve, "--state-dir", directory.join("state"), ...args], {
      cwd: directory.path,
      env: { PLASMD_IDENTITY: directory.join("key") },
    });
  const said = /warning: Jobs are on, and nobody's are run: name a key/;
  assert.match((await run("--jobs")).stderr, said);
  const named = await run("--jobs", "--job-allow", `ed25519:${"0a".repeat(32)}`);
  assert.doesNotMatch(named.stderr, said);
  assert.equal(named.code, 2);
});
