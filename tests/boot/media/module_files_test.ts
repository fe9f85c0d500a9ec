import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { readModule, readModuleTexts } from "../../../src/boot/media/module_files.ts";
import { moduleName } from "../../../src/boot/media/modules.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { elfFile } from "../../support/elf.ts";
import { tempDirectory } from "../../support/temp.ts";
import { needing } from "../../support/tools.ts";

const module = (path: string) => ({ name: moduleName(path), path, needs: [] });
const plain = elfFile({ type: 1 });

Deno.test("a module is read as it is, from gzip and from zstd", async () => {
  await using directory = await tempDirectory();
  await Deno.writeFile(directory.join("a.ko"), plain);
  await Deno.writeFile(directory.join("b.ko.gz"), gzipSync(plain));
  await Deno.writeFile(directory.join("c.ko.zst"), zstdCompressSync(plain));
  for (const path of ["a.ko", "b.ko.gz", "c.ko.zst"]) {
    assert.deepEqual(
      new Uint8Array(await readModule(directory.path, module(path))),
      plain,
      path,
    );
  }
});

Deno.test(
  "a module is unpacked from xz, and a broken one is refused",
  needing({ tools: ["xz"] }, async () => {
    await using directory = await tempDirectory();
    await Deno.writeFile(directory.join("a.ko"), plain);
    const packed = await new Deno.Command("xz", { args: ["-k", directory.join("a.ko")] }).output();
    assert.ok(packed.success);
    const unpacked = await readModule(directory.path, module("a.ko.xz"));
    assert.deepEqual(new Uint8Array(unpacked), plain);
    await Deno.writeFile(directory.join("b.ko.xz"), new Uint8Array(1000));
    await assert.rejects(
      readModule(directory.path, module("b.ko.xz")),
      (error) => error instanceof PlasmdError && /xz ended with 1/.test(error.message),
    );
  }),
);

Deno.test("what isn't a module is refused, with its path", async () => {
  await using directory = await tempDirectory();
  await Deno.writeTextFile(directory.join("a.ko"), "no module");
  await Deno.writeFile(directory.join("b.ko.zst"), plain);
  await Deno.writeFile(directory.join("c.ko.gz"), new Uint8Array());
  for (const path of ["a.ko", "b.ko.zst", "c.ko.gz"]) {
    await assert.rejects(
      readModule(directory.path, module(path)),
      (error) =>
        error instanceof PlasmdError && error.code === "config" &&
        error.message.startsWith(`Cannot unpack module "${directory.join(path)}": `),
      path,
    );
  }
  await assert.rejects(
    readModule(directory.path, module("none.ko")),
    (error) => error instanceof PlasmdError && error.code === "io",
  );
});

Deno.test("tables that are missing are left out, but not modules.dep", async () => {
  await using directory = await tempDirectory();
  await assert.rejects(
    readModuleTexts(directory.path),
    (error) => error instanceof PlasmdError && /depmod -b/.test(error.hint!),
  );
  await Deno.writeTextFile(directory.join("modules.dep"), "a.ko:\n");
  await Deno.writeTextFile(directory.join("modules.builtin"), "b.ko\n");
  assert.deepEqual(await readModuleTexts(directory.path), {
    dep: "a.ko:\n",
    alias: undefined,
    softdep: undefined,
    builtin: "b.ko\n",
  });
});
