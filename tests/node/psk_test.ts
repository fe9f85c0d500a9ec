import assert from "node:assert/strict";
import { readPsk } from "../../src/node/psk.ts";
import { tempDirectory } from "../support/temp.ts";

const key = "0123456789abcdef".repeat(4);
const good = `/key/swarm/psk/1.0.0/\n/base16/\n${key}\n`;

Deno.test("the key of a private network is read as others write it", async () => {
  await using directory = await tempDirectory();
  const file = directory.join("swarm.key");
  for (const text of [good, good.trimEnd(), good.replaceAll("\n", "\r\n")]) {
    await Deno.writeTextFile(file, text);
    assert.equal(new TextDecoder().decode(await readPsk(file)), text);
  }
});

Deno.test("another file is refused, and nothing of it is shown", async () => {
  await using directory = await tempDirectory();
  const file = directory.join("swarm.key");
  const bad = ["", key, good.replace("base16", "base64"), good.replace("0", "x"), `${good}more\n`];
  for (const text of bad) {
    await Deno.writeTextFile(file, text);
    await assert.rejects(readPsk(file), (thrown: Error & { code?: string }) => {
      assert.equal(thrown.code, "config");
      assert.ok(!thrown.message.includes(key.slice(1, 9)));
      return true;
    });
  }
});
