import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { runCommand } from "../../src/cli/main.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { makeProblems } from "../../src/server/problems.ts";
import { catalogReport } from "../../src/server/catalog_report.ts";
import type { HealthReport } from "../../src/server/report.ts";
import {
  emptyCatalog,
  fakeCatalog,
  fakeSnapshot,
  memoryArtifact,
} from "../support/fake_catalog.ts";
import { fakeStatus, startTestServer } from "../support/http.ts";
import { fakeTerminal } from "../support/terminal.ts";

const kernel = memoryArtifact("kernel", new Uint8Array(2048));
const catalog = fakeCatalog([fakeSnapshot([kernel])]);

async function plasmd(...args: string[]) {
  const terminal = fakeTerminal();
  const code = await runCommand(args, terminal, new AbortController().signal);
  return { code, out: terminal.out(), err: terminal.err() };
}

function startProvider(served = catalog, health: HealthReport = { status: "healthy", checks: {} }) {
  return startTestServer({
    catalog: served,
    health: () => Promise.resolve(health),
    status: () => Promise.resolve({ ...fakeStatus, ...catalogReport(served) }),
  });
}

Deno.test("provider status says how it is and what it serves", async () => {
  await using server = await startProvider();
  const { code, out } = await plasmd("provider", "status", "--addr", `127.0.0.1:${server.port}`);
  equal(code, 0);
  deepEqual(out.split("\n"), [
    `provider  plasmd 0.0.0 at 127.0.0.1:${server.port}`,
    "health    healthy",
    `keyid     ${fakeStatus.provider.keyid}`,
    "peer id   12D3KooWfake",
    "up for    5 s",
    "stable/arm64 version 1, valid until 2025-12-26T12:00:00Z",
    "  kernel      2 KiB",
    "",
  ]);
});

Deno.test("provider status --json is one document with everything", async () => {
  await using server = await startProvider();
  const { out } = await plasmd(
    "provider",
    "status",
    "--json",
    "--addr",
    `127.0.0.1:${server.port}`,
  );
  const status = JSON.parse(out);
  deepEqual(status.health, { status: "healthy", checks: {} });
  equal(status.artifacts[0].hash, `sha256:${kernel.digest}`);
});

Deno.test("an unhealthy provider exits 1 and names what failed", async () => {
  const health = {
    status: "unhealthy",
    checks: { artifacts_readable: false, disk_space_ok: true },
  } as const;
  await using server = await startProvider(emptyCatalog, health);
  const { code, out } = await plasmd("provider", "status", "--addr", `127.0.0.1:${server.port}`);
  equal(code, 1);
  match(out, /health +unhealthy: artifacts_readable failed/);
  match(out, /Nothing is served yet/);
});

Deno.test("provider list is a line an artifact", async () => {
  await using server = await startProvider();
  const addr = `http://127.0.0.1:${server.port}`;
  const { code, out } = await plasmd("provider", "list", "--addr", addr);
  equal(code, 0);
  deepEqual(out.trimEnd().split("\n").map((line) => line.split(/ {2,}/)), [
    ["CHANNEL", "ARCH", "NAME", "SIZE", "HASH"],
    ["stable", "arm64", "kernel", "2 KiB", `sha256:${kernel.digest}`],
  ]);
  const json = JSON.parse((await plasmd("provider", "list", "--addr", addr, "--json")).out);
  deepEqual(Object.keys(json), ["artifacts", "manifests"]);
});

Deno.test("words of a provider can't write to the terminal", async () => {
  const evil = {
    ...fakeStatus,
    provider: { ...fakeStatus.provider, version: "\x1b[31mred\u202e" },
  };
  await using server = await startTestServer({ catalog, status: () => Promise.resolve(evil) });
  const { out } = await plasmd("provider", "status", "--addr", `127.0.0.1:${server.port}`);
  match(out, /\\u\{1b\}\[31mred\\u\{202e\}/);
});

Deno.test("nobody there exits 5 with a hint, a wrong address exits 2", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const addr = `127.0.0.1:${listener.addr.port}`;
  listener.close();
  for (const name of ["status", "list"]) {
    const gone = await plasmd("provider", name, "--addr", addr, "--timeout", "1");
    equal(gone.code, 5);
    match(gone.err, /^error: Provider "http:\/\/127.*\nhint: .*plasmd serve/);
    equal((await plasmd("provider", name, "--addr", "a b")).code, 2);
  }
});

Deno.test("provider status --token-file shows who is connected and what went wrong", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const token = "t".repeat(43);
    const file = `${directory}/token`;
    await Deno.writeTextFile(file, `${token}\n`, { mode: 0o600 });
    const problems = makeProblems(4, systemClock);
    problems.note("http /kernel", new PlasmdError("io", "The disk is gone"));
    await using server = await startTestServer({
      catalog,
      token,
      problems,
      paths: { artifacts: "/srv/image" },
    });
    const addr = `127.0.0.1:${server.port}`;
    const { code, out } = await plasmd("provider", "status", "--addr", addr, "--token-file", file);
    equal(code, 0);
    match(out, /^client +127\.0\.0\.1, \d connections? for \d+ m?s$/m);
    match(out, /^artifacts +\/srv\/image$/m);
    match(out, /^problem +\S+Z http \/kernel: The disk is gone$/m);
    await Deno.writeTextFile(file, "u".repeat(43));
    const wrong = await plasmd("provider", "status", "--addr", addr, "--token-file", file);
    match(wrong.err, /does not accept the token\nhint: .*state directory/);
    notEqual(wrong.code, 0);
    await Deno.chmod(file, 0o644);
    equal((await plasmd("provider", "status", "--addr", addr, "--token-file", file)).code, 2);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
