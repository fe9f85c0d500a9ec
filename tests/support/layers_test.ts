import assert from "node:assert/strict";
import { importProblem, layers, libraries, partOf } from "./layers.ts";
import plugin from "./layers_plugin.ts";

const root = new URL("../../", import.meta.url);

/** The messages of the plugin for a source text at a path of the project. */
function lint(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, new URL(path, root).pathname, source)
    .map(({ id, message }) => `${id}: ${message}`);
}

Deno.test("a part imports its own folder and every part below it, never one above", () => {
  for (const [i, from] of layers.entries()) {
    for (const [j, to] of layers.entries()) {
      const problem = importProblem(`src/${from}/a.ts`, `../${to}/b.ts`);
      if (i <= j) assert.equal(problem, undefined, `${from} -> ${to}`);
      else assert.match(problem ?? "", new RegExp(`^${from} may not import ${to}`));
    }
  }
});

Deno.test("main.ts counts as cli, and nothing in the source imports it", () => {
  assert.equal(partOf("main.ts"), "cli");
  assert.equal(importProblem("main.ts", "./src/node/daemon.ts"), undefined);
  assert.match(importProblem("src/cli/a.ts", "../../main.ts") ?? "", /never imports "main.ts"/);
});

Deno.test("build imports lib only and nobody imports build", () => {
  assert.equal(importProblem("src/build/a.ts", "../lib/files.ts"), undefined);
  assert.equal(importProblem("src/build/a.ts", "./b.ts"), undefined);
  assert.match(importProblem("src/build/a.ts", "../formats/json.ts") ?? "", /src\/lib only/);
  for (const part of layers) {
    assert.match(importProblem(`src/${part}/a.ts`, "../build/b.ts") ?? "", /nobody imports it/);
  }
});

Deno.test("a subfolder and an entry of a Worker count as their part", () => {
  assert.equal(importProblem("src/cli/commands/a.ts", "../../node/b.ts"), undefined);
  assert.match(importProblem("src/artifacts/hash_worker.ts", "../server/b.ts") ?? "", /may not/);
  assert.match(importProblem("src/boot/media/a.ts", "../../server/b.ts") ?? "", /may not/);
});

Deno.test("an unknown folder has no place until the order names it", () => {
  assert.match(importProblem("src/cli/a.ts", "../misc/b.ts") ?? "", /no part/);
  assert.match(importProblem("src/misc/a.ts", "../lib/b.ts") ?? "", /no part/);
});

Deno.test("the source imports nothing from outside src but the project file", () => {
  assert.equal(importProblem("src/lib/version.ts", "../../deno.json"), undefined);
  assert.match(importProblem("src/lib/a.ts", "../../tests/support/b.ts") ?? "", /never imports/);
  assert.match(importProblem("src/lib/a.ts", "../../../elsewhere.ts") ?? "", /never imports/);
});

Deno.test("tests import what they like", () => {
  assert.equal(importProblem("tests/lib/a_test.ts", "../../src/cli/app.ts"), undefined);
  assert.equal(importProblem("tests/lib/a_test.ts", "fast-check"), undefined);
});

Deno.test("a library is imported by the file that wraps it and by no other", () => {
  assert.equal(importProblem("src/lib/log.ts", "@logtape/logtape"), undefined);
  assert.match(importProblem("src/lib/text.ts", "@logtape/logtape") ?? "", /only by src\/lib\/log/);
  assert.match(importProblem("src/lib/a.ts", "@noble/curves/ed25519.js") ?? "", /@noble\/curves"/);
  assert.match(importProblem("src/lib/a.ts", "left-pad") ?? "", /no file wraps/);
  assert.match(importProblem("src/lib/a.ts", "constructor") ?? "", /no file wraps/);
  assert.match(importProblem("src/lib/log.ts", "npm:@logtape/logtape@2") ?? "", /pinned/);
  assert.match(importProblem("src/lib/a.ts", "https://example.com/a.ts") ?? "", /pinned/);
  assert.equal(importProblem("src/lib/a.ts", "node:fs"), undefined);
});

Deno.test("every library of the table is pinned to an exact version in deno.json", async () => {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  for (const [name, target] of Object.entries<string>(config.imports)) {
    assert.match(target, new RegExp(`^npm:${name}@\\d+\\.\\d+\\.\\d+(/\\S+)?$`), name);
  }
  for (const name of Object.keys(libraries)) {
    assert.ok(name in config.imports, `${name} is in the table and not in deno.json`);
  }
});

Deno.test("every kind of import is seen", () => {
  const bad = "../cli/app.ts";
  const sources = [
    `import { a } from "${bad}";`,
    `import "${bad}";`,
    `import type { A } from "${bad}";`,
    `import * as a from "${bad}";`,
    `export { a } from "${bad}";`,
    `export type { A } from "${bad}";`,
    `export * from "${bad}";`,
    `const a = await import("${bad}");`,
    `type A = import("${bad}").A;`,
  ];
  for (const source of sources) {
    const found = lint("src/lib/a.ts", source);
    assert.equal(found.length, 1, source);
    assert.match(found[0]!, /^layers\/imports: lib may not import cli/, source);
    assert.deepEqual(lint("tests/lib/a_test.ts", source), [], source);
  }
});

Deno.test("an import whose module can't be read from the source is refused", () => {
  const found = lint("src/cli/a.ts", "const a = (b: string) => import(b);");
  assert.match(found.join(), /layers\/imports: a module is named by a literal/);
});

Deno.test("exports without a source and imports of one's own folder are fine", () => {
  const source = `import { b } from "./b.ts";\nexport const a = b;\nexport { b };`;
  assert.deepEqual(lint("src/lib/a.ts", source), []);
});

Deno.test("Workers are started in one file only", () => {
  for (const source of ['new Worker("x");', 'new globalThis.Worker("x");']) {
    assert.match(lint("src/artifacts/a.ts", source).join(), /^layers\/workers: only src\/lib/);
    assert.deepEqual(lint("src/lib/worker.ts", source), []);
    assert.deepEqual(lint("tests/lib/a_test.ts", source), []);
  }
  assert.deepEqual(lint("src/artifacts/a.ts", "new Workshop();"), []);
});

Deno.test("the environment is read by the upper parts and three named files only", () => {
  const sources = ['Deno.env.get("A");', 'Deno["env"].get("A");', "process.env.A;"];
  for (const source of sources) {
    assert.match(
      lint("src/server/a.ts", source).join(),
      /^layers\/environment: the environment is read by/,
      source,
    );
    assert.match(lint("src/lib/a.ts", source).join(), /^layers\/environment:/, source);
    assert.deepEqual(lint("src/config/a.ts", source), [], source);
    assert.deepEqual(lint("src/lib/self.ts", source), [], source);
  }
  assert.deepEqual(lint("src/server/a.ts", "options.env.A;"), []);
});
