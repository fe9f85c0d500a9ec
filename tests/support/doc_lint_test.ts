import assert from "node:assert/strict";
import { isHeld, parseDocLint } from "./doc_lint.ts";

const output = `\x1b[31merror[missing-jsdoc]\x1b[0m: exported symbol is missing JSDoc documentation
  --> /p/src/lib/a.ts:14:3
   | \x1b[0m
14 |   readonly uid: number;
   |   ^

error[missing-jsdoc]: exported symbol is missing JSDoc documentation
 --> /p/src/lib/b.ts:3:14
  |
3 | export const b = 1;
  |              ^

error[private-type-ref]: public type 'a' references private type 'Command'
 --> /p/src/cli/c.ts:5:1
  |
5 | export function c(): Command {
  | ^

error[missing-return-type]: exported function is missing an explicit return type annotation
 --> /p/src/cli/d.ts:6:1
  |
6 | export function d() {
  | ^

error: Found 4 documentation lint errors.
`;

Deno.test("the findings are read with place and source line", () => {
  const findings = parseDocLint(output);
  assert.equal(findings.length, 4);
  assert.deepEqual(findings[0], {
    kind: "missing-jsdoc",
    message: "exported symbol is missing JSDoc documentation",
    file: "/p/src/lib/a.ts",
    line: 14,
    source: "  readonly uid: number;",
  });
});

Deno.test("an export without comment or type is held, a member or a library's type isn't", () => {
  const held = parseDocLint(output).filter(isHeld);
  assert.deepEqual(held.map(({ file }) => file), ["/p/src/lib/b.ts", "/p/src/cli/d.ts"]);
});

Deno.test("what deno itself prints is understood", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const file = `${directory}/a.ts`;
    await Deno.writeTextFile(file, "export function a() {\n  return Math.random();\n}\n");
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["doc", "--lint", file],
      stdout: "null",
    }).output();
    const kinds = parseDocLint(new TextDecoder().decode(stderr)).filter(isHeld)
      .map(({ kind }) => kind);
    assert.deepEqual(kinds.sort(), ["missing-jsdoc", "missing-return-type"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
