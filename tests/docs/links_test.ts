import assert from "node:assert/strict";
import { anchorsOf, linksOf, pages } from "../support/doc_text.ts";
import { projectRoot } from "../support/program.ts";

const all = await pages();

/** What is wrong with a link of a page, or undefined. */
async function linkProblem(page: string, target: string): Promise<string | undefined> {
  if (/^(?:https?|mailto):/.test(target)) return undefined;
  const [path, anchor] = target.split("#") as [string, string?];
  const file = path === "" ? page : new URL(path, `file:///${page}`).pathname.slice(1);
  const there = await Deno.stat(projectRoot + file).catch(() => undefined);
  if (there === undefined) return `${page}: "${target}" leads nowhere`;
  if (anchor === undefined) return undefined;
  const text = await Deno.readTextFile(projectRoot + file);
  return anchorsOf(text).has(anchor) ? undefined : `${page}: "${target}" has no such heading`;
}

for (const { path, text } of all) {
  Deno.test(`the links of ${path} lead somewhere`, async () => {
    const problems = await Promise.all(linksOf(text).map((target) => linkProblem(path, target)));
    assert.deepEqual(problems.filter((problem) => problem !== undefined), []);
  });
}

Deno.test("every page of docs/ is reached from docs/README.md", async () => {
  const index = linksOf(await Deno.readTextFile(`${projectRoot}docs/README.md`));
  const inFolder = (path: string) => index.some((target) => path === `docs/${target}`);
  for (const { path } of all) {
    if (!path.startsWith("docs/") || path === "docs/README.md") continue;
    if (path.startsWith("docs/decisions/") && inFolder("docs/decisions/")) continue;
    assert.ok(inFolder(path), `${path} is not in docs/README.md`);
  }
});

Deno.test("a dead link and a dead anchor are found, a link in code isn't one", async () => {
  const text = "[a](missing.md) [b](README.md#no-such-heading) `[c](x.md)`\n```\n[d](y.md)\n```\n";
  assert.deepEqual(linksOf(text), ["missing.md", "README.md#no-such-heading"]);
  for (const target of linksOf(text)) {
    assert.notEqual(await linkProblem("README.md", target), undefined);
  }
});

Deno.test("anchors are those of GitHub", () => {
  const text = "# A `plasmd` title, with 2 words\n## Same\n## Same\n```\n# not one\n```\n";
  assert.deepEqual([...anchorsOf(text)], ["a-plasmd-title-with-2-words", "same", "same-1"]);
});
