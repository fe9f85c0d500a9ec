import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { makeStateDirectory, stateDirectory } from "../../src/lib/state_dir.ts";
import { tempDirectory } from "../support/temp.ts";

function place(uid: number, env: Record<string, string>, os = "linux", given?: string) {
  return stateDirectory(given, { os, uid, env: (name) => env[name] });
}

Deno.test("state lies where the design says", () => {
  assert.equal(place(0, {}), "/var/lib/plasm");
  assert.equal(place(1000, { HOME: "/home/a" }), "/home/a/.local/state/plasmd");
  assert.equal(place(1000, { HOME: "/home/a", XDG_STATE_HOME: "/s" }), "/s/plasmd");
  assert.equal(
    place(501, { HOME: "/Users/a", XDG_STATE_HOME: "/s" }, "darwin"),
    "/Users/a/Library/Application Support/plasmd",
  );
  assert.equal(place(0, {}, "linux", "/given"), "/given");
});

Deno.test("a relative XDG_STATE_HOME is ignored, as its specification says", () => {
  assert.equal(place(1000, { HOME: "/h", XDG_STATE_HOME: "s" }), "/h/.local/state/plasmd");
});

Deno.test("without a home the error says what to do", () => {
  assert.throws(() => place(1000, {}), { code: "config", hint: /--state-dir/ });
});

Deno.test("a new state directory is private, and its real path is returned", async () => {
  await using directory = await tempDirectory();
  await fs.mkdir(directory.join("real"));
  await fs.symlink("real", directory.join("link"));
  const made = await makeStateDirectory(directory.join("link", "a", "b"));
  assert.equal(made, await fs.realpath(directory.join("real/a/b")));
  assert.equal((await fs.stat(made!)).mode & 0o777, 0o700);
});

Deno.test("a file in the place of the state directory is refused", async () => {
  await using directory = await tempDirectory();
  await fs.writeFile(directory.join("file"), "");
  await assert.rejects(makeStateDirectory(directory.join("file")), { code: "config" });
  await assert.rejects(makeStateDirectory(directory.join("file/x")), { code: "config" });
});

Deno.test({
  name: "where nothing can be written there is no state directory",
  ignore: Deno.build.os !== "linux",
  fn: async () => assert.equal(await makeStateDirectory("/sys/no-such-thing"), undefined),
});
