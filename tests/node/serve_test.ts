import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { runProgram, startProgram } from "../support/program.ts";
import { startProvider } from "../support/provider.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { testBytes, writeFiles } from "../support/artifacts.ts";

/** A directory with a small image in `artifacts`. */
async function place(): Promise<TempDirectory> {
  const directory = await tempDirectory();
  await fs.mkdir(directory.join("artifacts"));
  await writeFiles(directory.join("artifacts"), {
    vmlinuz: testBytes(300_000, 1),
    "initramfs.img": testBytes(700_000, 2),
  });
  return directory;
}

/** `plasmd serve` that is expected to end by itself. */
async function serve(home: string, args: readonly string[], env: Record<string, string> = {}) {
  const port = args.includes("--port") ? [] : ["--port", "0"];
  return await runProgram(["serve", "--host", "127.0.0.1", ...port, ...args], {
    env: { PLASMD_IDENTITY: `${home}/identity.key`, ...env },
  });
}

Deno.test("a provider serves, says so, and ends with 0 on SIGTERM", async () => {
  await using directory = await place();
  await using provider = await startProvider(directory.join("artifacts"), directory.path);
  const health = await fetch(`${provider.origin}/health`);
  assert.equal(health.status, 200);
  assert.equal((await health.json()).status, "healthy");
  const kernel = await fetch(`${provider.origin}/kernel`);
  assert.deepEqual(new Uint8Array(await kernel.arrayBuffer()), testBytes(300_000, 1));
  const status = await (await fetch(`${provider.origin}/status`)).json();
  assert.equal(status.provider.keyid, provider.keyid);
  assert.deepEqual(status.provider.addresses, [provider.origin]);
  assert.doesNotMatch(JSON.stringify(status), new RegExp(directory.path));
  provider.process.kill("SIGTERM");
  assert.equal((await provider.process.ended).code, 0);
});

Deno.test("a file that changes in place makes the provider unhealthy, and is not served", async () => {
  await using directory = await place();
  await using provider = await startProvider(directory.join("artifacts"), directory.path);
  const file = await fs.open(directory.join("artifacts/vmlinuz"), "r+");
  await file.write(new Uint8Array([1, 2, 3]), 0, 3, 1000).finally(() => file.close());
  const answer = await fetch(`${provider.origin}/kernel`).then(
    async (response) => ({ status: response.status, size: (await response.bytes()).length }),
    () => undefined,
  );
  assert.ok(answer === undefined || answer.status !== 200, `served ${answer?.size} bytes`);
  const health = await fetch(`${provider.origin}/health`);
  assert.equal(health.status, 503);
  assert.equal((await health.json()).checks.artifacts_readable, false);
});

Deno.test("two daemons don't share a state directory", async () => {
  await using directory = await place();
  await using _first = await startProvider(directory.join("artifacts"), directory.path);
  const { code, stderr } = await serve(directory.path, [
    ...["--artifacts", directory.join("artifacts"), "--state-dir", directory.join("state")],
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /another process holds it\nhint: .*--state-dir/);
});

Deno.test("a port in use is named, with what to do", async () => {
  await using directory = await place();
  await using first = await startProvider(directory.join("artifacts"), directory.path);
  const { code, stderr } = await serve(directory.path, [
    ...["--artifacts", directory.join("artifacts"), "--state-dir", directory.join("other")],
    ...["--port", String(first.port)],
  ]);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`${first.port}`));
  assert.match(stderr, /hint: .*--port/);
});

Deno.test("what can't be served is named, and the exit code is 2", async (t) => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, {
    "file": "x",
    "none/rootfs.squashfs": "x",
    "two/vmlinuz-1": "x",
    "two/vmlinuz-2": "x",
  });
  await fs.mkdir(directory.join("empty"));
  const cases: [string, RegExp][] = [
    ["missing", /missing.*no such directory/],
    ["file", /file.*not a directory/],
    ["empty", /empty/],
    ["none", /kernel/],
    ["two", /vmlinuz-1.*vmlinuz-2/s],
  ];
  for (const [name, message] of cases) {
    await t.step(name, async () => {
      const { code, stderr } = await serve(directory.path, [
        ...["--artifacts", directory.join(name), "--state-dir", directory.join("state")],
      ]);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n {4}at /);
      assert.equal(code, 2);
    });
  }
});

Deno.test("a key that others can read is refused before anything is served", async () => {
  await using directory = await place();
  await fs.writeFile(directory.join("identity.key"), testBytes(32), { mode: 0o644 });
  const { code, stderr } = await serve(directory.path, [
    ...["--artifacts", directory.join("artifacts"), "--state-dir", directory.join("state")],
  ]);
  assert.equal(code, 2);
  assert.match(stderr, /identity\.key/);
});

Deno.test("a restart after kill -9 serves the same manifest, byte for byte", async () => {
  await using directory = await place();
  const manifests: string[] = [];
  for (let start = 0; start < 2; start++) {
    await using provider = await startProvider(directory.join("artifacts"), directory.path);
    manifests.push(await (await fetch(`${provider.origin}/manifest.json`)).text());
    provider.process.kill("SIGKILL");
    await provider.process.ended;
  }
  assert.equal(manifests[0], manifests[1]);
});

Deno.test("the quick start serves a demo, prints how to fetch it, and that command works", async () => {
  await using directory = await tempDirectory();
  await using process = startProgram([
    ...["serve", "--quick-start", "--host", "127.0.0.1", "--port", "0"],
    ...["--state-dir", directory.join("state")],
  ], {
    cwd: directory.path,
    env: { PLASMD_IDENTITY: directory.join("identity.key") },
  });
  const line = await process.until((text) => /plasmd (boot fetch http.*)\n/.exec(text)?.[1]);
  assert.match(process.stderr(), /demo image|own kernel/);
  const { code, stderr } = await runProgram(
    [...line.split(" "), "--state-dir", directory.join("client")],
    { cwd: directory.path },
  );
  assert.equal(code, 0, stderr);
  assert.ok((await fs.stat(directory.join("fetched/kernel"))).size > 0);
});
