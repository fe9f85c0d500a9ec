import assert from "node:assert/strict";
import * as limits from "../../src/lib/limits.ts";
import { currentPage, limitGroups, limitsPage, valueText } from "../support/limits_page.ts";
import { projectRoot } from "../support/program.ts";

const page = await Deno.readTextFile(`${projectRoot}docs/limits.md`);

Deno.test("docs/limits.md is what src/lib/limits.ts makes of it", async () => {
  assert.equal(page, await currentPage(), "run `deno task docs` and commit docs/limits.md");
});

Deno.test("every limit is on the page with its value", () => {
  for (const [group, members] of Object.entries(limits)) {
    const section = page.split(`\n## ${group}\n`)[1]?.split("\n## ")[0] ?? "";
    for (const [name, value] of Object.entries(members)) {
      const row = section.split("\n").find((line) => line.startsWith(`| \`${name}\``));
      assert.ok(row?.includes(valueText(name, value)), `${group}.${name} is missing`);
    }
  }
});

Deno.test("every limit says what it bounds", async () => {
  const text = await Deno.readTextFile(`${projectRoot}src/lib/limits.ts`);
  for (const group of limitGroups(text, limits)) {
    assert.notEqual(group.about, "", `${group.name} has no comment`);
    for (const { name, about } of group.limits) {
      assert.notEqual(about, "", `${group.name}.${name} has no comment`);
    }
  }
});

Deno.test("every limit is used: one that bounds nothing would be a promise to nobody", async () => {
  const source = await sourceText(`${projectRoot}src`);
  for (const [group, members] of Object.entries(limits)) {
    const unused = Object.keys(members).filter((name) =>
      !new RegExp(`[lL]imits\\.${name}\\b`).test(source) &&
      !new RegExp(`\\{[^{}]*\\b${name}\\b[^{}]*\\}\\s*[=:]\\s*\\w*[lL]imits\\b`).test(source)
    );
    assert.deepEqual(unused, [], group);
  }
});

/** All of the source but the limits themselves. */
async function sourceText(directory: string): Promise<string> {
  const texts: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    if (isDirectory) texts.push(await sourceText(path));
    else if (name.endsWith(".ts") && !path.endsWith("lib/limits.ts")) {
      texts.push(await Deno.readTextFile(path));
    }
  }
  return texts.join("\n");
}

Deno.test("comments become words, and a member without one shares that above it", () => {
  const text = `/** Limits of a thing. DESIGN 5. */
export const thingLimits = {
  /** Bytes of a thing: reason.
   * More. DESIGN 7 and 14. */
  thingBytes: 2 * KiB,
  /** Least and most. */
  partsMin: 1,
  partsMax: 2000,
} as const;
`;
  const values = { thingLimits: { thingBytes: 2048, partsMin: 1, partsMax: 2000 } };
  assert.deepEqual(limitGroups(text, values), [{
    name: "thingLimits",
    about: "Limits of a thing.",
    limits: [
      { name: "thingBytes", value: "2 KiB", about: "Bytes of a thing: reason. More." },
      { name: "partsMin", value: "1", about: "Least and most." },
      { name: "partsMax", value: "2,000", about: "Least and most." },
    ],
  }]);
  assert.match(limitsPage(limitGroups(text, values)), /\| `partsMax` \| 2,000 \| Least and most/);
});

Deno.test("a value is written in the unit that its name tells", () => {
  assert.equal(valueText("manifestBytes", 1_048_576), "1 MiB");
  assert.equal(valueText("slowBytesPerSecond", 65_536), "64 KiB/s");
  assert.equal(valueText("drainMs", 10_000), "10 s");
  assert.equal(valueText("aheadSeconds", 86_400), "1 d");
  assert.equal(valueText("targetChars", 2048), "2,048");
});
