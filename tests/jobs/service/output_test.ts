import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { openOutput, readOutput, sweepOutput } from "../../../src/jobs/service/output.ts";
import { digestOf } from "../../support/jobs.ts";
import { tempDirectory } from "../../support/temp.ts";

const id = digestOf("a job");
const encode = (text: string) => new TextEncoder().encode(text);

/** A writer in a directory, and what it told. */
function writerIn(directory: string) {
  const told = { grown: 0, broken: [] as unknown[] };
  const grown: PromiseWithResolvers<void>[] = [Promise.withResolvers()];
  const writer = openOutput(directory, id, {
    onGrown() {
      told.grown++;
      grown.splice(0).forEach(({ resolve }) => resolve());
    },
    onBroken: (thrown) => told.broken.push(thrown),
  });
  return { writer, told, firstGrown: grown[0]!.promise };
}

async function text(directory: string, start: number, end: number): Promise<string> {
  return new TextDecoder().decode(
    await readOutput(directory, id, { stream: "stdout", start, end }),
  );
}

Deno.test("what is written can be read at once, and has its name in the end", async () => {
  await using directory = await tempDirectory();
  const { writer, firstGrown } = writerIn(directory.path);
  writer.write("stdout", encode("hello "));
  await firstGrown;
  assert.equal(writer.size("stdout"), 6);
  assert.equal(await text(directory.path, 0, 6), "hello ");
  assert.deepEqual(await fs.readdir(directory.path), [`${id.slice(7)}.stdout.part`]);
  writer.write("stdout", encode("world"));
  const kept = await writer.keep();
  assert.deepEqual(kept, {
    stdout: { hash: digestOf("hello world"), size: 11 },
    stderr: { hash: digestOf(""), size: 0 },
  });
  assert.deepEqual(await fs.readdir(directory.path), [`${id.slice(7)}.stdout`]);
  assert.equal(await text(directory.path, 6, 11), "world");
  await assert.rejects(text(directory.path, 6, 12), RangeError);
});

Deno.test("a buffer that is used again, and words after the end, change nothing", async () => {
  await using directory = await tempDirectory();
  const { writer } = writerIn(directory.path);
  const buffer = encode("first");
  writer.write("stdout", buffer);
  buffer.fill(0);
  const keeping = writer.keep();
  writer.write("stdout", encode("too late"));
  assert.deepEqual((await keeping).stdout, { hash: digestOf("first"), size: 5 });
  assert.equal(await text(directory.path, 0, 5), "first");
});

Deno.test("a disk that takes no more is told once, and nothing is kept", async () => {
  await using directory = await tempDirectory();
  const gone = directory.join("not there");
  const { writer, told } = writerIn(gone);
  writer.write("stdout", encode("one"));
  writer.write("stderr", encode("two"));
  await assert.rejects(writer.keep(), { code: "ENOENT" });
  assert.ok(told.broken.length >= 1);
  writer.write("stdout", encode("three"));
  await writer.drop();
  assert.equal(told.grown, 0);
});

Deno.test("a second run starts with nothing, and dropping leaves nothing", async () => {
  await using directory = await tempDirectory();
  const first = writerIn(directory.path).writer;
  first.write("stdout", encode("a long first run"));
  await first.drop();
  assert.deepEqual(await fs.readdir(directory.path), []);
  const second = writerIn(directory.path).writer;
  second.write("stdout", encode("short"));
  assert.equal((await second.keep()).stdout.size, 5);
  assert.equal((await fs.stat(directory.join(`${id.slice(7)}.stdout`))).size, 5);
});

Deno.test("what no kept job has is swept away, whatever it is called", async () => {
  await using directory = await tempDirectory();
  const { writer } = writerIn(directory.path);
  writer.write("stderr", encode("kept"));
  await writer.keep();
  const strange = [`${"ab".repeat(32)}.stdout`, `${id.slice(7)}.stdout.part`, "x", ".stdout"];
  for (const name of strange) await fs.writeFile(directory.join(name), "");
  await fs.mkdir(directory.join("folder"));
  assert.equal(await sweepOutput(directory.path, (one) => one === id), 5);
  assert.deepEqual(await fs.readdir(directory.path), [`${id.slice(7)}.stderr`]);
});
