import assert from "node:assert/strict";
import { projectRoot } from "../support/program.ts";
import { interfaceRows, interfaceRowsOf, wasiRows } from "../support/wasi_page.ts";

Deno.test("docs/wasi.md lists the calls that there are", async () => {
  const page = await Deno.readTextFile(`${projectRoot}docs/wasi.md`);
  const rows = page.split("\n- `").slice(1).map((row) => `\`${row.replace(/\s+/g, " ").trim()}`);
  assert.deepEqual(rows, wasiRows());
});

Deno.test("docs/wasi.md lists the interfaces that there are", async () => {
  const page = await Deno.readTextFile(`${projectRoot}docs/wasi.md`);
  assert.deepEqual(interfaceRowsOf(page), interfaceRows());
});
