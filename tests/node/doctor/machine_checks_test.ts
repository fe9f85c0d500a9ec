import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { createIdentity } from "../../../src/identity/key_file.ts";
import { systemDeps } from "../../../src/lib/deps.ts";
import { machineChecks } from "../../../src/node/doctor/checks.ts";
import { type DoctorLine, examine } from "../../../src/node/doctor/doctor.ts";
import { dhtNode, p2pTest, tcpAddress } from "../../support/dht.ts";
import { tempDirectory } from "../../support/temp.ts";

const { signal } = new AbortController();

/** The lines that this machine gets with these flags, by name. */
async function linesOf(
  flags: Readonly<Record<string, unknown>>,
  toml = "",
): Promise<Map<string, DoctorLine>> {
  await using place = await tempDirectory();
  const config = place.join("provider.toml");
  await fs.writeFile(config, toml, { mode: 0o600 });
  const key = place.join("key");
  await createIdentity(key, systemDeps());
  const env = (name: string) => name === "PLASMD_IDENTITY" ? key : undefined;
  const usual = { host: "127.0.0.1", port: 0, mdns: false, stateDir: place.path };
  const options = { config, flags: { ...usual, ...flags }, env, signal };
  const checks = await machineChecks(options, systemDeps());
  const { checks: lines } = await examine(checks, { signal }, systemDeps());
  return new Map(lines.map((line) => [line.name, line]));
}

Deno.test("every thing is looked at once, and this machine has nothing wrong", async () => {
  const lines = await linesOf({});
  assert.deepEqual([...lines.keys()], [
    ..."port,multicast,clock,key,state,provider.toml,trust.toml,kexec,disk of state".split(","),
    ..."disk of artifacts,descriptors,bootstrap,jobs".split(","),
  ]);
  for (const name of ["port", "clock", "key", "state", "provider.toml", "jobs"]) {
    assert.equal(lines.get(name)!.status, "ok", JSON.stringify(lines.get(name)));
  }
  assert.match(lines.get("key")!.found, /^ed25519:[0-9a-f]{64} in /);
});

Deno.test("a port that something else than plasmd has is wrong", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("not a provider"),
  );
  const port = (await linesOf({ port: server.addr.port })).get("port")!;
  assert.equal(port.status, "wrong");
  assert.match(port.found, /taken by another program/);
});

Deno.test("a file that can't be used is said, and the flags still count", async () => {
  const lines = await linesOf({ artifacts: "/nonexistent/artifacts" }, "[provider\n");
  assert.equal(lines.get("provider.toml")!.status, "wrong");
  assert.match(lines.get("disk of artifacts")!.found, /nonexistent/);
});

Deno.test("a signing key of its own is looked at, and must be there", async () => {
  await using place = await tempDirectory();
  await createIdentity(place.join("key"), systemDeps());
  const good = (await linesOf({ signingKey: place.join("key") })).get("signing key")!;
  assert.equal(good.status, "ok");
  const none = (await linesOf({ signingKey: place.join("none") })).get("signing key")!;
  assert.deepEqual([none.status, none.found], [
    "wrong",
    `There is no key file "${place.join("none")}"`,
  ]);
});

Deno.test("a bootstrap node that runs answers", p2pTest, async () => {
  await using node = await dhtNode();
  const line = (await linesOf({ bootstrap: [tcpAddress(node)] })).get("bootstrap")!;
  assert.deepEqual([line.status, line.found], ["ok", "1 of 1 bootstrap nodes answered"]);
});
