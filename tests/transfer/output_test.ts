import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { PlasmdError } from "../../src/lib/errors.ts";
import { freeBytes, openOutput, requireSpace } from "../../src/transfer/output.ts";
import { tempDirectory } from "../support/temp.ts";

const fails = (code: string, message: RegExp) => (thrown: unknown) =>
  thrown instanceof PlasmdError && thrown.code === code && message.test(thrown.message);

Deno.test("an output directory is made, parents and all", async () => {
  await using directory = await tempDirectory();
  using _held = await openOutput(directory.join("a", "b"));
  assert.equal((await fs.stat(directory.join("a", "b"))).isDirectory(), true);
});

Deno.test("two fetches don't fill one directory, and a lock leaves nothing behind", async () => {
  await using directory = await tempDirectory();
  {
    using _held = await openOutput(directory.path);
    await assert.rejects(openOutput(directory.path), fails("busy", /another fetch/));
  }
  using _again = await openOutput(directory.path);
  assert.deepEqual(await fs.readdir(directory.path), []);
});

Deno.test("a file in the place of the directory is said", async () => {
  await using directory = await tempDirectory();
  await fs.writeFile(directory.join("file"), "x");
  await assert.rejects(openOutput(directory.join("file", "out")), fails("io", /output directory/));
});

Deno.test({
  // Nobody makes directories in /sys, root neither.
  name: "a place that can't be written is said before anything is fetched",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await assert.rejects(openOutput("/sys/image"), fails("permission", /output directory/));
  },
});

Deno.test("too little room is said, with what there is", async () => {
  const free = () => Promise.resolve(5 * 1024 * 1024);
  await requireSpace("/x", 4 * 1024 * 1024, 1024 * 1024, free);
  await assert.rejects(
    requireSpace("/x", 4 * 1024 * 1024 + 1, 1024 * 1024, free),
    fails("no_space", /fetch 4 MiB into "\/x": 5 MiB are free/),
  );
});

Deno.test("nothing to fetch needs no room", async () => {
  await requireSpace("/x", 0, 1024, () => Promise.resolve(0));
});

Deno.test("free bytes are those of the file system", async () => {
  await using directory = await tempDirectory();
  assert.ok(await freeBytes(directory.path) > 0);
});
