import assert from "node:assert/strict";
import { machineArch } from "../../src/formats/names.ts";
import { testBytes, writeFiles } from "../support/artifacts.ts";
import { type Running, runProgram, startProgram } from "../support/program.ts";
import { startProvider } from "../support/provider.ts";
import { tempDirectory } from "../support/temp.ts";

/** What a command with `--json` has printed once it runs. */
async function ready(running: Running): Promise<Record<string, unknown>> {
  return await running.until((text) => text.endsWith("}\n") ? JSON.parse(text) : undefined);
}

function tcpOf(addresses: unknown): string {
  return (addresses as string[]).find((address) => !address.includes("/ws"))!;
}

Deno.test("a node, a provider that joins by it, and a client that finds and fetches", async (t) => {
  await using directory = await tempDirectory();
  await Deno.mkdir(directory.join("art"));
  await writeFiles(directory.join("art"), { vmlinuz: testBytes(1000) });
  const home = (name: string) => ({ env: { PLASMD_IDENTITY: directory.join(name, "id.key") } });
  await using node = startProgram(
    ["node", "--host", "127.0.0.1", "--state-dir", directory.join("node"), "--json"],
    home("node"),
  );
  const bootstrap = tcpOf((await ready(node)).p2p_addresses);
  await using provider = await startProvider(directory.join("art"), directory.join("home"), {
    args: ["--bootstrap", bootstrap],
  });
  const target = ["--channel", "stable", "--arch", machineArch(), "--mode", "internet"];
  const where = [...target, "--bootstrap", bootstrap];
  const url = `${provider.origin}/stable/${machineArch()}/manifest.json`;

  await t.step("discover prints the URL as scripts read it", async () => {
    const { code, stdout, stderr } = await runProgram(["discover", ...where]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `MANIFEST_URL=${url}\n`);
    assert.match(stderr, /not verified/);
    assert.equal((await runProgram(["discover", ...where, "-q"])).stdout, `${url}\n`);
  });

  await t.step("JSON says who signed, and whether the policy accepts it", async () => {
    const args = ["discover", ...where, "--all", "--json", "--trust", provider.keyid];
    const { code, stdout, stderr } = await runProgram(args);
    assert.equal(code, 0, stderr);
    const { providers: [found], ignored } = JSON.parse(stdout);
    assert.deepEqual(ignored, []);
    assert.equal(found.manifest_url, url);
    assert.equal(found.found_by, "dht");
    assert.equal(found.verified, true);
    assert.deepEqual(found.signers, [provider.keyid]);
    assert.ok(found.latency_ms >= 0);
  });

  await t.step("nobody found is exit code 3, and so is nobody who can be trusted", async () => {
    const other = where.map((part) => part === "stable" ? "testing" : part);
    const nobody = await runProgram(["discover", ...other, "--timeout", "1"]);
    assert.equal(nobody.code, 3);
    assert.match(nobody.stderr, /^error: Nobody serves testing\//m);
    const stranger =
      `ed25519:${"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"}`;
    const refused = await runProgram(["discover", ...where, "--timeout", "1", "--trust", stranger]);
    assert.equal(refused.code, 3);
    assert.match(refused.stderr, /is passed over/);
  });

  await t.step("boot fetch finds the provider by itself", async () => {
    const { code, stderr } = await runProgram([
      ...["boot", "fetch", ...where, "--trust", provider.keyid],
      ...["--output", directory.join("out"), "--state-dir", directory.join("client")],
    ]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(await Deno.readFile(directory.join("out", "kernel")), testBytes(1000));
  });

  await t.step("provider list --network shows who was found", async () => {
    const args = ["provider", "list", "--network", ...where];
    const { code, stdout, stderr } = await runProgram(args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^${provider.origin} +dht .*${provider.keyid}`, "m"));
  });

  await t.step("provider status says what was published", async () => {
    const { code, stdout } = await runProgram(["provider", "status", "--addr", provider.origin]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^DHT joined: /m);
    assert.match(stdout, /value +\/phase\/stable\/.*\/manifest: 1 holders at /);
  });
});

Deno.test("with nowhere to look there is exit code 3 and what to do", async () => {
  const { code, stderr } = await runProgram(["discover", "--mode", "internet"], {
    env: { PLASMD_BOOTSTRAP: "" },
  });
  assert.equal(code, 3);
  assert.match(stderr, /^hint: .*--bootstrap/m);
});
