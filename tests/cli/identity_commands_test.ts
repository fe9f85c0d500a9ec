import assert from "node:assert/strict";
import { runCommand } from "../../src/cli/main.ts";
import { tempDirectory } from "../support/temp.ts";
import { fakeTerminal } from "../support/terminal.ts";

async function identity(...args: string[]) {
  const terminal = fakeTerminal();
  const code = await runCommand(["identity", ...args], terminal, new AbortController().signal);
  return { code, out: terminal.out(), err: terminal.err() };
}

Deno.test("a new key is shown as it was made, in words and as JSON", async () => {
  await using directory = await tempDirectory();
  const file = ["--file", directory.join("publisher.key")];
  const made = JSON.parse((await identity("new", ...file, "--json")).out);
  assert.deepEqual(Object.keys(made), ["keyid", "peer_id", "file"]);
  assert.match(made.keyid, /^ed25519:[0-9a-f]{64}$/);
  assert.match(made.peer_id, /^12D3Koo/);
  assert.deepEqual(JSON.parse((await identity("show", ...file, "--json")).out), made);
  const { code, out } = await identity("show", ...file);
  assert.equal(code, 0);
  assert.ok(out.includes(made.keyid) && out.includes(made.peer_id), out);
});

Deno.test("a key is not made twice, and one that isn't there is not shown", async () => {
  await using directory = await tempDirectory();
  const file = ["--file", directory.join("publisher.key")];
  const missing = await identity("show", ...file);
  assert.notEqual(missing.code, 0);
  assert.match(missing.err, /^error: .*publisher\.key.*\nhint: .*identity new/);
  assert.equal((await identity("new", ...file)).code, 0);
  const before = await Deno.readFile(directory.join("publisher.key"));
  const again = await identity("new", ...file);
  assert.notEqual(again.code, 0);
  assert.equal(again.out, "");
  assert.match(again.err, /^error: .*publisher\.key/);
  assert.deepEqual(await Deno.readFile(directory.join("publisher.key")), before);
});
