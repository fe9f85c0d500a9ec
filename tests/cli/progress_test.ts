import assert from "node:assert/strict";
import fc from "fast-check";
import { barLine, makeProgress } from "../../src/cli/progress.ts";
import { makeUi } from "../../src/cli/ui.ts";
import { fakeClock } from "../support/clock.ts";
import { fakeTerminal } from "../support/terminal.ts";

Deno.test("a bar shows what is done, of how much, how fast and how long it will take", () => {
  assert.equal(
    barLine("Fetching", "rootfs", 512 << 20, 1 << 30, 64 << 20, 100),
    "Fetching rootfs [####################....................]  50% 512 MiB/1 GiB 64 MiB/s 8 s",
  );
});

Deno.test("a bar is never as wide as the terminal", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), fc.nat(), (width, a, b) => {
    const line = barLine("Fetching", "initramfs", Math.min(a, b), Math.max(a, b), a, width);
    assert.ok(line.length < width, `${line.length} of ${width}`);
  }));
});

Deno.test("nothing is drawn where stderr is no terminal or the command is quiet", () => {
  for (const [interactive, quiet] of [[false, false], [true, true]] as const) {
    const terminal = fakeTerminal({ interactive });
    using progress = makeProgress(makeUi(terminal, { quiet }), fakeClock(), "Hashing");
    progress.update(1, 2);
    assert.equal(terminal.err(), "");
  }
});

Deno.test("a bar is drawn ten times a second at most, and cleared at the end", () => {
  const terminal = fakeTerminal({ interactive: true });
  const clock = fakeClock();
  {
    using progress = makeProgress(makeUi(terminal), clock, "Hashing");
    for (let i = 0; i < 50; i++) {
      progress.update(i, 100);
      clock.advance(10);
    }
  }
  assert.equal(terminal.err().split("Hashing").length - 1, 5);
  assert.ok(terminal.err().endsWith("\r\x1b[K"));
});
