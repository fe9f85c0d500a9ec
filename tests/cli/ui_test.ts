import assert from "node:assert/strict";
import { makeUi } from "../../src/cli/ui.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { fakeTerminal } from "../support/terminal.ts";

Deno.test("results go to stdout, everything else to stderr", () => {
  const terminal = fakeTerminal();
  const ui = makeUi(terminal);
  ui.result("the result");
  ui.note("a note");
  ui.warn("a warning");
  assert.equal(terminal.out(), "the result\n");
  assert.equal(terminal.err(), "a note\nwarning: a warning\n");
});

Deno.test("quiet drops notes, not warnings or errors", () => {
  const terminal = fakeTerminal();
  const ui = makeUi(terminal, { quiet: true });
  ui.note("a note");
  ui.warn("a warning");
  ui.error(new PlasmdError("io", "broken"));
  assert.equal(terminal.err(), "warning: a warning\nerror: broken\n");
});

Deno.test("an error is one line, then a hint line for each thing to do", () => {
  const terminal = fakeTerminal();
  makeUi(terminal).error(new PlasmdError("usage", 'Cannot read "x"', { hint: "do a\ndo b" }));
  assert.equal(terminal.err(), 'error: Cannot read "x"\nhint: do a\nhint: do b\n');
});

Deno.test("a mistake of ours shows no stack and asks for a report", () => {
  const terminal = fakeTerminal();
  makeUi(terminal).error(new TypeError("x is undefined"));
  assert.match(terminal.err(), /^error: x is undefined\nhint: this is a mistake in plasmd/);
  assert.doesNotMatch(terminal.err(), /\.ts:/);
});

Deno.test("an error can't write control characters to the terminal", () => {
  const terminal = fakeTerminal();
  makeUi(terminal).error(new PlasmdError("bad_source", "said \x1b[2J", { hint: "\x07" }));
  assert.doesNotMatch(terminal.err().replaceAll("\n", ""), /\p{Cc}/u);
});

Deno.test("an endless error message is cut", () => {
  const terminal = fakeTerminal();
  makeUi(terminal).error(new PlasmdError("io", "line\n".repeat(1000)));
  assert.equal(terminal.err().split("\n").length, 22);
});

Deno.test("colour only marks words that say the same without it", () => {
  const terminal = fakeTerminal({ color: true });
  makeUi(terminal).warn("w");
  assert.equal(terminal.err(), "\x1b[33mwarning:\x1b[0m w\n");
});

Deno.test("JSON is one document", () => {
  const terminal = fakeTerminal();
  makeUi(terminal).json({ a: [1] });
  assert.deepEqual(JSON.parse(terminal.out()), { a: [1] });
});
