/**
 * The client in PHP: its own tests, and jobs for real workers.
 *
 * @module
 */

import assert from "node:assert/strict";
import { openReceipt } from "../../src/formats/receipt.ts";
import { toBase64 } from "../../src/lib/bytes.ts";
import { cut, proxyOf } from "../support/answer_proxy.ts";
import { testBytes, writeFiles } from "../support/artifacts.ts";
import { dhtNode, p2pTest, tcpAddress } from "../support/dht.ts";
import { hello, hostile } from "../support/job_modules.ts";
import { testSubmitter } from "../support/jobs.ts";
import { needingPhp, phpClient, runPhp } from "../support/php.ts";
import { untilTrue } from "../support/process_figures.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { runTool } from "../support/tools.ts";

/** A C program that tells what it was given. */
const catSource = `
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) printf("arg %s\\n", argv[i]);
  printf("env %s %s\\n", getenv("LANG"), getenv("1"));
  char line[100];
  FILE *file = fopen("data/in.txt", "r");
  while (fgets(line, sizeof line, file)) printf("file %s", line);
  printf("stdin ");
  while (fgets(line, sizeof line, stdin)) printf("%s", line);
  return 42;
}
`;
/** One that writes 300,000 bytes, a line after the other. */
const largeSource = `
#include <stdio.h>
int main() {
  for (int i = 0; i < 30000; i++) { printf("line %04d\\n", i % 10000); if (i % 1000 == 0) fflush(stdout); }
}
`;

async function compile(directory: TempDirectory, name: string, source: string): Promise<void> {
  await Deno.writeTextFile(directory.join(`${name}.c`), source);
  const where = [directory.join(`${name}.c`), "-o", directory.join(`${name}.wasm`)];
  await runTool("clang", "--target=wasm32-wasi", "--sysroot=/usr", "-O2", ...where);
}

/** A provider of its own directory that joins the DHT. */
async function start(
  directory: TempDirectory,
  name: string,
  ...args: string[]
): Promise<Provider> {
  await Deno.mkdir(directory.join(name), { mode: 0o700 });
  return await startProvider(directory.join("image"), directory.join(name), { args });
}

Deno.test(
  "the client in PHP passes its own tests",
  needingPhp(["phpunit"], async () => {
    const { code, stdout } = await new Deno.Command("phpunit", { cwd: phpClient }).output();
    const said = new TextDecoder().decode(stdout);
    assert.equal(code, 0, said);
    assert.match(said, /^OK \(\d{3} tests|^OK, but .*skipped/m);
  }),
);

/** The modules of the session, by their names. */
async function placeModules(directory: TempDirectory): Promise<Record<string, string>> {
  await writeFiles(directory.path, {
    "image/vmlinuz": testBytes(1000, 1),
    "hello.wasm": hello("hello\n", 33),
    "loop.wasm": hostile.loop,
    "trap.wasm": hostile.trap,
  });
  await compile(directory, "cat", catSource);
  await compile(directory, "large", largeSource);
  const names = ["hello", "loop", "trap", "cat", "large"];
  return Object.fromEntries(names.map((name) => [name, directory.join(`${name}.wasm`)]));
}

/** Waits until a node tells of so many workers. */
async function untilFound({ origin }: Provider, count: number): Promise<void> {
  await untilTrue(async () => {
    const { workers } = await (await fetch(`${origin}/v1/workers`)).json();
    return workers.length === count;
  }, { ms: 60_000, what: `${count} workers in the DHT` });
}

Deno.test(
  "the example in PHP makes a key, is refused, and runs a job once the key is allowed",
  needingPhp([], async () => {
    await using directory = await tempDirectory();
    await writeFiles(directory.path, {
      "image/vmlinuz": testBytes(1000, 1),
      "hello.wasm": hello("hello\n", 33),
    });
    const example = (node: Provider, pinned: string) =>
      runPhp([
        ...["examples/run.php", directory.join("php.key"), node.origin, pinned],
        directory.join("hello.wasm"),
      ]);
    const other = ["--jobs", "--job-allow", testSubmitter.keyid];
    let key = "";
    {
      await using worker = await start(directory, "strict", ...other);
      const refused = await example(worker, worker.keyid);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /forbidden/);
      assert.equal((await Deno.stat(directory.join("php.key"))).mode! & 0o777, 0o600);
      key = /submitter: (ed25519:[0-9a-f]{64})/.exec(refused.stderr)![1]!;
    }
    await using worker = await start(directory, "kind", ...other, "--job-allow", key);
    const done = await example(worker, worker.keyid);
    assert.deepEqual([done.code, done.stdout], [33, "hello\n"], done.stderr);
    assert.match(done.stderr, new RegExp(`worker: ${worker.keyid}`));
    const unpinned = await example(worker, testSubmitter.keyid);
    assert.equal(unpinned.code, 1);
    assert.match(unpinned.stderr, /none whose key is pinned/);
    const usage = await runPhp(["examples/run.php"]);
    assert.equal(usage.code, 2);
  }),
);

Deno.test(
  "the example of the client's README runs as it is shown",
  needingPhp([], async () => {
    await using directory = await tempDirectory();
    await writeFiles(directory.path, {
      "image/vmlinuz": testBytes(1000, 1),
      "count.wasm": hello("hello\n", 33),
      "in.txt": "a\n",
    });
    await Deno.writeFile(directory.join("client.key"), testSubmitter.seed, { mode: 0o600 });
    await using worker = await start(
      directory,
      "worker",
      ...["--jobs", "--job-allow", testSubmitter.keyid],
    );
    const page = await Deno.readTextFile(`${phpClient}/README.md`);
    const shown = /```php\n(<\?php\n[^]*?)```/.exec(page)![1]!;
    const arch = Deno.build.arch === "aarch64" ? "arm64" : "x86_64";
    const program = shown
      .replace("__DIR__ . '/vendor/autoload.php'", `'${phpClient}/autoload.php'`)
      .replace("ed25519:<64 hex digits of a worker>", worker.keyid)
      .replace("ed25519:<of another>", testSubmitter.keyid)
      .replace("http://192.0.2.1:8080", worker.origin)
      .replace("x86_64", arch);
    await Deno.writeTextFile(directory.join("example.php"), program);
    const { code, stdout, stderr } = await runPhp(["example.php"], { cwd: directory.path });
    assert.deepEqual([code, stdout, stderr], [33, "hello\n", ""]);
    const receipt = await Deno.readFile(directory.join("receipt.json"));
    assert.equal(openReceipt(receipt, { worker: worker.keyid }).exit_code, 33);
  }),
);

// The last one: libp2p leaves timers behind that end by themselves.
Deno.test({
  ...p2pTest,
  name: "PHP finds workers through a node, and has jobs done, ended and refused by them",
  fn: needingPhp(["clang", "wasm-ld"], async () => {
    await using directory = await tempDirectory();
    const modules = await placeModules(directory);
    await using middle = await dhtNode();
    const join = ["--bootstrap", tcpAddress(middle)];
    const jobs = [...join, "--jobs", "--job-allow", testSubmitter.keyid];
    await using one = await start(directory, "one", ...jobs);
    await using two = await start(directory, "two", ...jobs);
    // It runs no jobs itself.
    await using node = await start(directory, "node", ...join);
    await untilFound(node, 2);
    await using liar = proxyOf(
      one.origin,
      /stdout$/,
      () => "hellO\n",
    );
    let connections = 0;
    await using cutting = proxyOf(one.origin, /events$/, (answer) => {
      connections++;
      return cut(answer);
    });
    const { code, stdout, stderr } = await runPhp([
      new URL("../support/php/session.php", import.meta.url).pathname,
      JSON.stringify({
        node: node.origin,
        seed: toBase64(testSubmitter.seed),
        workers: { [one.keyid]: [one.origin], [two.keyid]: [two.origin] },
        liar: liar.origin,
        cutting: cutting.origin,
        modules,
      }),
    ]);
    assert.equal(stderr, "");
    assert.equal(code, 0);
    const { found, cat, ...report } = JSON.parse(stdout);
    assert.deepEqual(
      new Map(found),
      new Map([[one.keyid, [one.origin]], [two.keyid, [two.origin]]]),
    );
    const text = "caf\u00e9 \u2028 \u{1f602}";
    const printed = `arg ${text}\narg \nenv ${text} one\nfile a file\nstdin ${text}`;
    assert.deepEqual(cat, [printed, 42, "exit"]);
    assert.ok(connections > 2, `${connections} connections`);
    assert.deepEqual(report, {
      again: "done",
      liar: "mismatch",
      next: true,
      gone: "hello\n",
      followed: [true, 300_000, "done"],
      strangerCancels: "forbidden",
      cancelled: "cancelled",
      slow: "timeout",
      stranger: "forbidden",
      wrongWorker: "wrong_target",
      expired: "expired",
      module: "module",
      greedy: "too_large",
      unknown: "not_found",
      unfinished: "not_found",
      trap: ["trap", 134],
    });
  }),
});
