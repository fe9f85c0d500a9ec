import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { reportLines } from "../../src/cli/commands/doctor.ts";
import { runProgram } from "../support/program.ts";
import { tempDirectory } from "../support/temp.ts";

/** Runs `plasmd doctor` in a home of its own, on a free port and without multicast. */
async function doctor(home: string, ...args: string[]) {
  const env = {
    XDG_CONFIG_HOME: home,
    PLASMD_IDENTITY: `${home}/key/identity.key`,
    PLASMD_STATE_DIR: `${home}/state`,
    PLASMD_MDNS: "false",
    PLASMD_PORT: "0",
  };
  return await runProgram(["doctor", "--json", ...args], { env });
}

interface Line {
  readonly name: string;
  readonly status: string;
  readonly found: string;
  readonly todo: string | null;
}

function lineOf(stdout: string, name: string): Line {
  return JSON.parse(stdout).checks.find((line: Line) => line.name === name);
}

Deno.test("a healthy machine has nothing wrong, and a job process starts on it", async () => {
  await using place = await tempDirectory();
  await fs.writeFile(place.join("provider.toml"), "", { mode: 0o600 });
  const { code, stdout, stderr } = await doctor(
    place.path,
    "--config",
    place.join("provider.toml"),
    "--artifacts",
    place.path,
  );
  assert.equal(code, 0, stdout + stderr);
  assert.notEqual(JSON.parse(stdout).status, "wrong");
  assert.equal(lineOf(stdout, "jobs").status, "ok");
  assert.equal(lineOf(stdout, "multicast").found, "multicast DNS is switched off");
  assert.match(lineOf(stdout, "key").found, /none yet/);
  assert.deepEqual([...await Array.fromAsync(Deno.readDir(place.path))].map(({ name }) => name), [
    "provider.toml",
  ], "it only looks");
});

Deno.test("a broken provider.toml, a missing directory and a dead bootstrap node are wrong", async () => {
  await using place = await tempDirectory();
  await fs.writeFile(place.join("provider.toml"), "[provider]\nprot = 1\n");
  const nobody = "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";
  const { code, stdout } = await doctor(
    place.path,
    ...["--config", place.join("provider.toml"), "--artifacts", place.join("none")],
    ...["--bootstrap", nobody],
  );
  assert.equal(code, 1);
  for (const name of ["provider.toml", "disk of artifacts", "bootstrap"]) {
    const line = lineOf(stdout, name);
    assert.equal(line.status, "wrong", `${name}: ${line.found}`);
    assert.ok(line.todo);
  }
  assert.match(lineOf(stdout, "provider.toml").found, /prot/);
});

Deno.test("people get a row a check, and what to do below it", () => {
  const lines = reportLines({
    status: "wrong",
    checks: [
      { name: "port", status: "ok", found: "free" },
      { name: "disk of state", status: "wrong", found: "full", todo: "one\ntwo" },
    ],
  });
  assert.deepEqual(lines, [
    "ok     port           free",
    "wrong  disk of state  full",
    "         do: one",
    "         do: two",
    "1 ok, 0 warning, 1 wrong",
  ]);
});
