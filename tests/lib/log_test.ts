import assert from "node:assert/strict";
import { type LogFormat, type LogLevel, openLog, silentLog } from "../../src/lib/log.ts";

function lines(level: LogLevel, format: LogFormat, act: (log: ReturnType<typeof openLog>) => void) {
  const written: string[] = [];
  act(openLog({ level, format, write: (line) => written.push(line) }));
  return written;
}

Deno.test("a text record holds time, level, area, message and fields on one line", () => {
  const [line] = lines(
    "info",
    "text",
    (log) =>
      log.child("http").info("Request {done}", { status: 200, path: "/a b", none: undefined }),
  );
  assert.match(
    line!,
    /^\d\d:\d\d:\d\d\.\d{3} INFO http: Request \{done\} status=200 path="\/a b"\n$/,
  );
});

Deno.test("a JSON record is one object a line", () => {
  const [line] = lines(
    "info",
    "json",
    (log) => log.child("p2p").warn("Dial failed", { peer: "x" }),
  );
  const { time, ...rest } = JSON.parse(line!);
  assert.match(time, /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(rest, { level: "warning", area: "p2p", message: "Dial failed", peer: "x" });
});

Deno.test("records below the level aren't written", () => {
  const written = lines("warning", "text", (log) => {
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
  });
  assert.equal(written.length, 2);
});

Deno.test("what a peer says can't write to the terminal or forge a record", () => {
  const evil = "x\n00:00:00 INFO forged\x1b[2J";
  for (const format of ["text", "json"] as const) {
    const written = lines(
      "info",
      format,
      (log) => log.info("Said", { words: evil, more: { evil } }),
    );
    assert.equal(written.length, 1);
    assert.doesNotMatch(written[0]!.slice(0, -1), /\p{Cc}/u);
  }
});

Deno.test("a long field is cut, an error is its message", () => {
  const [line] = lines(
    "info",
    "json",
    (log) => log.info("x", { long: "y".repeat(1000), error: new TypeError("bad thing") }),
  );
  const record = JSON.parse(line!);
  assert.equal(record.long.length, 203);
  assert.equal(record.error, "bad thing");
});

Deno.test("the silent log takes everything and stays silent", () => {
  silentLog.child("x").error("nobody hears", { a: 1 });
  silentLog.debug("a");
  silentLog.info("a");
  silentLog.warn("a");
});
