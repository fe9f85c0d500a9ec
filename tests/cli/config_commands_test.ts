import assert from "node:assert/strict";
import { runProgram } from "../support/program.ts";
import { writeFiles } from "../support/artifacts.ts";
import { tempDirectory } from "../support/temp.ts";

Deno.test("config check says ok, or where the mistake is and what was meant", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, {
    "good.toml": "[provider]\nport = 81\n",
    "bad.toml": "[provider]\nport = 81\nhots = '::'\n",
  });
  const good = await runProgram(["config", "check", "good.toml"], { cwd: directory.path });
  assert.equal(good.code, 0);
  assert.match(good.stdout, /good\.toml: ok/);
  const bad = await runProgram(["config", "check", "bad.toml"], { cwd: directory.path });
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /bad\.toml:3:1: Unknown key "provider\.hots": did you mean "host"\?/);
});

Deno.test("config check knows addresses that serve would refuse", async () => {
  await using directory = await tempDirectory();
  const checked = async (network: string) => {
    await writeFiles(directory.path, { "p.toml": `[network]\n${network}\n` });
    return await runProgram(["config", "check", "p.toml"], { cwd: directory.path });
  };
  const good = await checked(
    "p2p_port = 4001\nbootstrap = ['/dnsaddr/boot.example']\n" +
      "external_address = ['203.0.113.7']",
  );
  assert.equal(good.code, 0, good.stderr);
  const bootstrap = await checked("bootstrap = ['boot.example']");
  assert.equal(bootstrap.code, 2);
  assert.match(bootstrap.stderr, /Invalid bootstrap address "boot\.example"/);
  const external = await checked("external_address = ['203.0.113.7']");
  assert.equal(external.code, 2);
  assert.match(external.stderr, /Cannot announce "203\.0\.113\.7"/);
});

Deno.test("config show says where each value came from", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, {
    "p.toml": "[provider]\nport = 81\n[provider.channels.a]\nkernel = 'k'\n",
  });
  const options = { cwd: directory.path, env: { PLASMD_HOST: "127.0.0.1" } };
  const text = await runProgram(["config", "show", "--config", "p.toml"], options);
  assert.match(text.stdout, /^provider\.port +81 +file .*p\.toml$/m);
  assert.match(text.stdout, /^provider\.host +"127\.0\.0\.1" +environment PLASMD_HOST$/m);
  assert.match(text.stdout, /^provider\.limits\.stalled +1 min +default$/m);
  assert.match(text.stdout, /^provider\.channels\.a\.kernel +"k" +file .*p\.toml$/m);
  const json = await runProgram(["config", "show", "--config", "p.toml", "--json"], options);
  const { settings, channels } = JSON.parse(json.stdout);
  assert.deepEqual(settings.find(({ key }: { key: string }) => key === "provider.port"), {
    key: "provider.port",
    value: 81,
    from: "file",
    name: directory.join("p.toml"),
  });
  assert.equal(channels[0].name, "a");
});

Deno.test("config schema is JSON", async () => {
  const { code, stdout } = await runProgram(["config", "schema"]);
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).type, "object");
});

Deno.test("a broken file stops serve before anything else happens", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "p.toml": "[provider]\nport = 'x'\n" });
  const { code, stderr } = await runProgram(["serve", "--config", "p.toml"], {
    cwd: directory.path,
    env: { PLASMD_IDENTITY: directory.join("identity.key") },
  });
  assert.equal(code, 2);
  assert.match(stderr, /p\.toml:2:1: Wrong value of "provider\.port"/);
});
