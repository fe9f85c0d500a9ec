import assert from "node:assert/strict";
import { buildApp } from "../../src/cli/app.ts";
import type { Terminal } from "../../src/cli/ui.ts";
import { commandLinesOf, pages } from "../support/doc_text.ts";

const terminal: Terminal = {
  stdout() {},
  stderr() {},
  interactive: false,
  columns: 80,
  color: false,
};

type Target = ReturnType<typeof buildApp>["root"];
const root: Target = buildApp(terminal).root;

/** What is wrong with a command line, or undefined. */
function lineProblem(words: readonly string[]): string | undefined {
  let target = root;
  let at = 0;
  for (; at < words.length && "getRoutingTargetForInput" in target; at++) {
    if (words[at]!.startsWith("-")) break;
    const next = target.getRoutingTargetForInput(words[at]!);
    if (next === undefined) return `there is no command "${words.slice(0, at + 1).join(" ")}"`;
    target = next;
  }
  const flags = words.slice(at, words.includes("--") ? words.indexOf("--") : undefined)
    .filter((word) => word.startsWith("--")).map((word) => word.slice(2).split("=")[0]!);
  const unknown = flags.find((flag) => !takesFlag(target, flag));
  return unknown && `"${words.slice(0, at).join(" ")}" has no flag --${unknown}`;
}

function takesFlag(target: Target, flag: string): boolean {
  if (flag === "help" || (target === root && flag === "version")) return true;
  if (!("usesFlag" in target)) return false;
  const known = (name: string) =>
    target.usesFlag(name.replace(/-(.)/g, (_, letter) => letter.toUpperCase()), "original");
  return known(flag) || (flag.startsWith("no-") && known(flag.slice(3)));
}

/** All commands with the words that lead to them. */
function commands(target: Target, words: readonly string[] = []): [string, Target][] {
  if (!("getAllEntries" in target)) return [[words.join(" "), target]];
  return target.getAllEntries().flatMap((entry) =>
    commands(entry.target, [...words, entry.name["convert-camel-to-kebab"]])
  );
}

for (const { path, text } of await pages()) {
  Deno.test(`the commands in ${path} exist, with their flags`, () => {
    const problems = commandLinesOf(text).map(lineProblem).filter((problem) => problem);
    assert.deepEqual(problems, []);
  });
}

Deno.test("the examples in every command's help exist, with their flags", () => {
  for (const [words, target] of commands(root)) {
    const examples = target.fullDescription?.split("EXAMPLES\n")[1] ?? "";
    const lines = commandLinesOf("```sh\n" + examples + "\n```").filter(({ length }) => length > 0);
    assert.ok(lines.length > 0, `plasmd ${words} has no example`);
    assert.deepEqual(lines.map(lineProblem).filter((problem) => problem), [], words);
  }
});

Deno.test("the README names every command", async () => {
  const readme = (await pages()).find(({ path }) => path === "README.md")!.text;
  const named = commandLinesOf(readme).map((words) => words.join(" "));
  for (const [words] of commands(root)) {
    assert.ok(
      named.some((line) => line.startsWith(words)),
      `README.md lacks \`plasmd ${words}\`: add it to the table`,
    );
  }
});

Deno.test("a command or a flag that doesn't exist is found", () => {
  assert.match(lineProblem(["srve"]) ?? "", /no command "srve"/);
  assert.match(lineProblem(["identity", "shwo"]) ?? "", /no command "identity shwo"/);
  assert.match(lineProblem(["identity", "show", "--fiel", "x"]) ?? "", /no flag --fiel/);
  assert.equal(lineProblem(["identity", "show", "--file=x", "--json"]), undefined);
  assert.equal(lineProblem(["serve", "--no-dht", "--state-dir", "x"]), undefined);
  assert.equal(lineProblem(["--help"]), undefined);
});

Deno.test("command lines are found in blocks and in inline code", () => {
  const text = [
    "Run `plasmd version` or `plasmd identity",
    "show`, not `plasmd.js`.",
    "```sh",
    "sudo plasmd serve --artifacts DIR \\",
    "  --port 80 | jq . # plasmd is here",
    'x="$(plasmd identity show --json)"',
    "npx -y deno@2.9.5 task plasmd identity new",
    "```",
    "```json",
    "plasmd no command",
    "```",
  ].join("\n");
  assert.deepEqual(commandLinesOf(text), [
    ["serve", "--artifacts", "DIR", "--port", "80"],
    ["identity", "show", "--json"],
    ["identity", "new"],
    ["version"],
    ["identity", "show"],
  ]);
});
