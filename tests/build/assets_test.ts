import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { withAssets } from "../../src/build/assets.ts";
import { tempDirectory } from "../support/temp.ts";

const reads = 'const a=new URL("./x.wasm",import.meta.url);' +
  'export const x=async()=>(await import("node:fs/promises")).readFile(a);';

Deno.test("what a package reads from beside its module is in the text, byte for byte", async () => {
  await using directory = await tempDirectory();
  const bytes = randomBytes(5000);
  await Deno.writeFile(directory.join("x.wasm"), bytes);
  const out = await withAssets(reads, ["/nowhere/a.js", directory.join("a.js")]);
  assert.equal(out.text.length, reads.length, "the source map counts columns");
  const require = "const require=(name)=>globalThis.process.getBuiltinModule(name);";
  const url = URL.createObjectURL(
    new Blob([require, out.head, out.text], { type: "text/javascript" }),
  );
  try {
    const { x } = await import(url);
    assert.deepEqual(Buffer.from(await x()), bytes);
  } finally {
    URL.revokeObjectURL(url);
  }
});

Deno.test("a text that reads nothing stays as it is", async () => {
  assert.deepEqual(await withAssets("export {};", []), { head: "", text: "export {};" });
});

Deno.test("a file that isn't there, or is read in a new way, fails the build", async () => {
  await assert.rejects(withAssets(reads, ["/nowhere/a.js"]), /has "x\.wasm" beside its modules/);
  const other = 'fetch(new URL("./x.wasm",import.meta.url))';
  await assert.rejects(withAssets(other, []), /in a new way/);
});
