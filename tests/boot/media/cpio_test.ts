import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { cpioArchive, type CpioEntry } from "../../../src/boot/media/cpio.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { readCpio, textIn } from "../../support/cpio.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const file = (path: string, text = "x"): CpioEntry => ({ kind: "file", path, bytes: bytes(text) });

const part = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,11}$/);
const fileEntry = fc.record({
  kind: fc.constant("file" as const),
  path: fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/")),
  bytes: fc.uint8Array({ maxLength: 64 }),
  mode: fc.integer({ min: 0, max: 0o7777 }),
});
/** Files none of which is a directory of another. */
const files = fc.uniqueArray(fileEntry, { selector: ({ path }) => path, maxLength: 12 }).map((
  list,
) => list.filter(({ path }) => !list.some((other) => other.path.startsWith(`${path}/`))));

Deno.test("every file of an archive is read back as it was", () => {
  fc.assert(fc.property(files, (entries) => {
    const read = new Map(readCpio(cpioArchive(entries)).map((entry) => [entry.path, entry]));
    for (const entry of entries) {
      const back = read.get(entry.path)!;
      assert.deepEqual(back.bytes, entry.bytes);
      assert.equal(back.mode, 0o100000 | entry.mode);
    }
  }));
});

Deno.test("the order in which entries are given changes nothing", () => {
  fc.assert(fc.property(files, (entries) => {
    assert.deepEqual(cpioArchive(entries), cpioArchive([...entries].reverse()));
  }));
});

Deno.test("every entry comes after the directory that it lies in", () => {
  fc.assert(fc.property(files, (entries) => {
    const seen = new Set<string>();
    for (const { path, mode } of readCpio(cpioArchive(entries))) {
      const parent = path.split("/").slice(0, -1).join("/");
      assert.ok(parent === "" || seen.has(parent), `${path} before ${parent}`);
      if ((mode & 0o170000) === 0o040000) seen.add(path);
    }
  }));
});

Deno.test("entries belong to root, carry the time that was asked for and have own numbers", () => {
  const read = readCpio(cpioArchive([file("b/c"), file("a")], { mtime: 1_700_000_000 }));
  assert.deepEqual(read.map(({ path }) => path), ["a", "b", "b/c"]);
  assert.ok(
    read.every((one) => one.uid === 0 && one.gid === 0 && one.mtime === 1_700_000_000),
  );
  assert.deepEqual(read.map(({ inode }) => inode), [1, 2, 3]);
});

Deno.test("links, directories and devices keep what makes them", () => {
  const read = readCpio(cpioArchive([
    { kind: "link", path: "bin/sh", target: "busybox" },
    { kind: "directory", path: "tmp", mode: 0o1777 },
    { kind: "device", path: "dev/console", major: 5, minor: 1 },
  ]));
  assert.equal(textIn(read, "bin/sh"), "busybox");
  const byPath = new Map(read.map((entry) => [entry.path, entry]));
  assert.equal(byPath.get("bin/sh")!.mode, 0o120777);
  assert.equal(byPath.get("tmp")!.mode, 0o041777);
  assert.equal(byPath.get("dev/console")!.mode, 0o020600);
  assert.deepEqual(byPath.get("dev/console")!.device, [5, 1]);
});

Deno.test("paths that could leave the archive, or end it, are refused", () => {
  for (
    const path of [
      "",
      "/",
      "/etc",
      "a//b",
      "../a",
      "a/../b",
      ".",
      "./a",
      "a/",
      "a\0b",
      "TRAILER!!!",
    ]
  ) {
    assert.throws(
      () => cpioArchive([file(path)]),
      (error) => error instanceof PlasmdError && error.code === "usage",
      JSON.stringify(path),
    );
  }
});

Deno.test("one path twice, and a file used as a directory, are refused", () => {
  assert.throws(() => cpioArchive([file("a"), file("a")]), /"a" is there twice/);
  assert.throws(() => cpioArchive([file("a"), file("a/b")]), /"a", which is no directory/);
});

const cpio = ["/usr/bin/cpio", "/bin/busybox"].find((path) => exists(path));

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

Deno.test({
  name: "another program unpacks the archive",
  ignore: cpio === undefined,
  async fn() {
    const directory = await Deno.makeTempDir();
    try {
      const archive = cpioArchive([
        file("etc/phase/trust.toml", "trust_version = 1\n"),
        { kind: "file", path: "init", bytes: bytes("#!/bin/sh\n"), mode: 0o755 },
        { kind: "link", path: "bin/sh", target: "busybox" },
      ]);
      await Deno.writeFile(join(directory, "a.cpio"), archive);
      const args = ["-i", "-d", "-F", "a.cpio"];
      const { success } = await new Deno.Command(cpio!, {
        args: cpio!.endsWith("busybox") ? ["cpio", ...args] : args,
        cwd: directory,
        stderr: "null",
      }).output();
      assert.ok(success);
      assert.equal(
        await Deno.readTextFile(join(directory, "etc/phase/trust.toml")),
        "trust_version = 1\n",
      );
      assert.equal(await Deno.readLink(join(directory, "bin/sh")), "busybox");
      assert.equal((await Deno.stat(join(directory, "init"))).mode! & 0o777, 0o755);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
