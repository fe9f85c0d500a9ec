import assert from "node:assert/strict";
import { parseDocument } from "../../src/config/file.ts";
import { settings } from "../../src/config/settings.ts";
import { currentConfigPage } from "../support/config_page.ts";
import { projectRoot } from "../support/program.ts";

const page = await Deno.readTextFile(`${projectRoot}docs/configuration.md`);

Deno.test("docs/configuration.md lists the settings as they are", async () => {
  assert.equal(page, await currentConfigPage(), "run `deno task docs` and commit the page");
});

Deno.test("every setting is on the page, and says what it is", () => {
  for (const { key, variable } of settings) {
    const row = page.split("\n").find((line) => line.startsWith(`| \`${key}\``));
    assert.ok(row?.includes(`\`${variable}\``), key);
    assert.match(row!.split("|").at(-2)!, /\w+ \w+/, `${key} has no description`);
  }
});

Deno.test("the example is a valid provider.toml", () => {
  const example = /```toml\n([\s\S]*?)```/.exec(page)![1]!;
  const document = parseDocument(new TextEncoder().encode(example), "docs/configuration.md");
  assert.deepEqual(Object.keys(document.provider!.channels!), ["stable", "testing"]);
});
