import assert from "node:assert/strict";
import { settings } from "../../src/config/settings.ts";
import { commandLinesOf, pages } from "../support/doc_text.ts";
import { generatedFiles, manPage, roff } from "../support/man_page.ts";
import { projectRoot } from "../support/program.ts";

for (const [path, text] of Object.entries(generatedFiles())) {
  Deno.test(`${path} is what the definitions make of it`, async () => {
    const found = await Deno.readTextFile(`${projectRoot}${path}`);
    assert.equal(found, text, "run `deno task docs` and commit the files");
  });
}

Deno.test("the manual has every command of the README, every variable, and plain ASCII", async () => {
  const page = manPage().replaceAll("\\-", "-");
  const readme = (await pages()).find(({ path }) => path === "README.md")!.text;
  const table = readme.split("## Commands")[1]!.split("\n## ")[0]!;
  const commands = commandLinesOf(table).filter((words) => words.length > 0);
  assert.ok(commands.length > 30);
  for (const words of commands) {
    assert.ok(page.includes(`\n.SS "plasmd ${words.join(" ")}`), words.join(" "));
  }
  for (const { variable } of settings) {
    assert.ok(page.includes(`\n\\fB${variable}\\fR\n`), variable);
  }
  assert.match(page, /^[\x20-\x7e\n]*$/);
});

Deno.test("what roff would take for its own is escaped", () => {
  assert.equal(roff("a-b"), "a\\-b");
  assert.equal(roff("C:\\x"), "C:\\ex");
  assert.equal(roff(".TH"), "\\&.TH");
  assert.equal(roff("'tis"), "\\&'tis");
});

Deno.test("a flag has its short form, its value and its negation", () => {
  const page = manPage();
  assert.ok(page.includes("\n\\fB\\-q\\fR, \\fB\\-\\-quiet\\fR\n"));
  assert.ok(page.includes("\n\\fB\\-\\-port\\fR \\fIN\\fR\n"));
  assert.ok(page.includes("\n\\fB\\-\\-[no\\-]dht\\fR\n"));
  assert.ok(page.includes("\n\\fB\\-\\-bootstrap\\fR \\fIMA\\fR ...\n"));
});
