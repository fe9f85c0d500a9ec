/**
 * Our nodes and go-libp2p's, both ways. Skipped where Go is absent; the modules come from Go's
 * proxy, and are kept by Go.
 *
 * @module
 */

import assert from "node:assert/strict";
import { imageKey } from "../../src/discovery/keys.ts";
import {
  dhtClient,
  dhtNode,
  dhtProvider,
  findAll,
  p2pTest,
  published,
  tcpAddress,
  testImage,
} from "../support/dht.ts";
import { testIdentity } from "../support/manifests.ts";
import { follow, projectRoot, type Running } from "../support/program.ts";
import { tempDirectory } from "../support/temp.ts";
import { missingTools } from "../support/tools.ts";

const hasGo = missingTools(["go"]).length === 0;
if (!hasGo) console.log("no Go here: the tests with go-libp2p are skipped");
const key = imageKey(testImage());

/** Builds the Go node into a directory. */
async function buildNode(directory: string): Promise<string> {
  const output = `${directory}/node`;
  const { code, stderr } = await new Deno.Command("go", {
    args: ["build", "-o", output, "."],
    cwd: `${projectRoot}tests/interop/go`,
    env: { CGO_ENABLED: "0" },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return output;
}

function startGo(program: string, args: readonly string[]): Running & { close(): Promise<void> } {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  return { ...follow(child), close: () => child.stdin.close() };
}

const json = (text: string) => text.endsWith("\n") ? JSON.parse(text) : undefined;

Deno.test({
  name: "go-libp2p joins by us and finds what we advertise, and we find what it does",
  ignore: !hasGo,
  ...p2pTest,
  async fn(t) {
    await using directory = await tempDirectory();
    const program = await buildNode(directory.path);
    await using bootstrap = await dhtNode();
    await using provider = await dhtProvider(70, [bootstrap], { httpPort: 8070 });
    await published(provider);
    const joins = ["-bootstrap", tcpAddress(bootstrap), "-key", key];

    await t.step("it reads our value, finds our record and verifies its envelope", async () => {
      await using node = startGo(program, joins);
      const { code, stdout, stderr } = await node.ended;
      await node.close();
      assert.equal(code, 0, stderr);
      const report = JSON.parse(stdout);
      assert.equal(report.value, "http://127.0.0.1:8070/manifest.json");
      assert.equal(report.providers.length, 1);
      const [{ peer, record, problem }] = report.providers;
      assert.equal(problem, undefined);
      assert.equal(peer, testIdentity(70).peerId);
      assert.equal(record.http_port, 8070);
      assert.equal(record.manifest_id, testImage().manifestId);
    });

    await t.step("we find it, and verify the record that it has sealed", async () => {
      const { channel, arch, manifestId } = testImage();
      const record = JSON.stringify({
        arch,
        channel,
        expires_at: new Date(Date.now() + 600_000).toISOString().replace(/\.\d+Z/, "Z"),
        http_port: 8071,
        load: 0,
        manifest_id: manifestId,
        sequence: 8,
      });
      await using node = startGo(program, [...joins, "-provide", record]);
      const { peer } = await node.until(json);
      await using client = await dhtClient([bootstrap]);
      const { offers, ignored } = await findAll(client);
      assert.deepEqual(ignored, []);
      const found = offers.find((offer) => offer.peer === peer);
      assert.equal(found?.origin, "http://127.0.0.1:8071");
      assert.equal(found?.sequence, 8);
      await node.close();
      await node.ended;
    });
  },
});
