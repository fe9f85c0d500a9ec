import assert from "node:assert/strict";
import { systemDeps } from "../../src/lib/deps.ts";
import { type Log, silentLog } from "../../src/lib/log.ts";
import { openToken, readToken } from "../../src/node/token.ts";
import { tempDirectory } from "../support/temp.ts";

function warnings() {
  const said: string[] = [];
  const log: Log = {
    ...silentLog,
    warn: (message, fields) => void said.push(`${message}: ${fields?.reason}`),
  };
  return { said, deps: systemDeps({ log }) };
}

Deno.test("a token is made once, for its owner only, and is the same after a restart", async () => {
  await using directory = await tempDirectory();
  const { said, deps } = warnings();
  const first = await openToken(directory.path, deps);
  assert.match(first!, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(await openToken(directory.path, deps), first);
  assert.equal(await readToken(directory.join("token")), first);
  assert.equal((await Deno.stat(directory.join("token"))).mode! & 0o777, 0o600);
  assert.deepEqual(said, []);
  await Deno.remove(directory.join("token"));
  assert.notEqual(await openToken(directory.path, deps), first);
});

Deno.test("a token that others may read, that is none or is a link isn't used, and the log says so", async () => {
  const cases: [RegExp, (path: string) => Promise<void>][] = [
    [/others may read it/, (path) => Deno.writeTextFile(path, "a".repeat(43), { mode: 0o644 })],
    [/holds no token/, (path) => Deno.writeTextFile(path, "short\n", { mode: 0o600 })],
    [/holds no token/, (path) => Deno.writeTextFile(path, "", { mode: 0o600 })],
    [/limit/, (path) => Deno.writeTextFile(path, "a".repeat(5000), { mode: 0o600 })],
    [/Cannot read/, (path) => Deno.symlink("/etc/hostname", path)],
    [/Cannot read/, (path) => Deno.mkdir(path)],
  ];
  for (const [message, make] of cases) {
    await using directory = await tempDirectory();
    await make(directory.join("token"));
    const { said, deps } = warnings();
    assert.equal(await openToken(directory.path, deps), undefined);
    assert.equal(said.length, 1);
    assert.match(said[0]!, message);
  }
});

Deno.test("without a state directory there is no token, and that is no failure", async () => {
  const { said, deps } = warnings();
  assert.equal(await openToken("/no/such/directory", deps), undefined);
  assert.match(said.join(), /no private views/);
});
