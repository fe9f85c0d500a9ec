import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { Fields, Log } from "../../src/lib/log.ts";
import { silentLog } from "../../src/lib/log.ts";
import { memoryMeter } from "../../src/lib/meter.ts";
import { bindError, bindWithFallback } from "../../src/server/server.ts";
import {
  emptyCatalog,
  failingArtifact,
  fakeCatalog,
  fakeSnapshot,
  memoryArtifact,
} from "../support/fake_catalog.ts";
import { fakeStatus, requestText, sendRaw, startTestServer } from "../support/http.ts";

const kernel = memoryArtifact("kernel", new Uint8Array(1000));
const catalog = fakeCatalog([fakeSnapshot([kernel])]);
const hasIpv6 = canIpv6();

Deno.test("/ and /status answer with the status report", async () => {
  await using server = await startTestServer({ catalog });
  for (const target of ["/", "/status"]) {
    const { status, headers, body } = await sendRaw(server.port, requestText(target));
    deepEqual([status, headers["content-type"]], [200, "application/json"]);
    equal(headers["cache-control"], "no-store");
    deepEqual(JSON.parse(new TextDecoder().decode(body)), fakeStatus);
  }
});

Deno.test("/health is 200 while it can serve and 503 when it can't", async () => {
  for (
    const [health, expected] of [["healthy", 200], ["degraded", 200], ["unhealthy", 503]] as const
  ) {
    const report = { status: health, checks: { artifacts_readable: health !== "unhealthy" } };
    await using server = await startTestServer({ catalog, health: () => Promise.resolve(report) });
    const { status, body } = await sendRaw(server.port, requestText("/health"));
    equal(status, expected);
    deepEqual(JSON.parse(new TextDecoder().decode(body)), report);
  }
});

Deno.test("a report that can't be made is 500 and keeps its reason to itself", async () => {
  const fail = () => Promise.reject(new TypeError("secret of the house"));
  await using server = await startTestServer({ catalog, health: fail, status: fail });
  for (const target of ["/health", "/status"]) {
    const { status, text } = await sendRaw(server.port, requestText(target));
    equal(status, 500);
    ok(!text.includes("secret"));
  }
});

Deno.test("a report that hangs doesn't make who asks wait", async () => {
  const hang = () => new Promise<never>(() => {});
  await using server = await startTestServer({
    catalog,
    health: hang,
    status: hang,
    limits: { reportMs: 50 },
  });
  const health = await sendRaw(server.port, requestText("/health"));
  equal(health.status, 503);
  deepEqual(JSON.parse(new TextDecoder().decode(health.body)), {
    status: "unhealthy",
    checks: { answers_in_time: false },
  });
  equal((await sendRaw(server.port, requestText("/status"))).status, 504);
});

Deno.test("/metrics is Prometheus' text, and 404 where no figures are kept", async () => {
  const metrics = () => Promise.resolve("up 1\n");
  await using server = await startTestServer({ catalog, metrics });
  const { status, headers, body } = await sendRaw(server.port, requestText("/metrics"));
  equal(status, 200);
  equal(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  equal(new TextDecoder().decode(body), "up 1\n");
  await using without = await startTestServer({ catalog });
  equal((await sendRaw(without.port, requestText("/metrics"))).status, 404);
});

Deno.test({
  name: "the host :: takes IPv4 and IPv6",
  ignore: !hasIpv6,
  async fn() {
    await using server = await startTestServer({ catalog: emptyCatalog, host: "::" });
    for (const hostname of ["127.0.0.1", "::1"]) {
      using connection = await Deno.connect({ hostname, port: server.port });
      await connection.write(new TextEncoder().encode(requestText("/health")));
      const part = new Uint8Array(1000);
      const count = await connection.read(part);
      match(new TextDecoder().decode(part.subarray(0, count ?? 0)), /^HTTP\/1\.1 200 /);
    }
  },
});

Deno.test("a port in use is named, with what to do", async () => {
  await using first = await startTestServer({ catalog });
  const { startServer } = await import("../../src/server/server.ts");
  const { systemDeps } = await import("../../src/lib/deps.ts");
  const health = () => Promise.resolve({ status: "healthy", checks: {} } as const);
  const options = { catalog, health, status: () => Promise.resolve(fakeStatus) };
  await rejects(
    startServer({ ...options, host: "127.0.0.1", port: first.port }, systemDeps()),
    (error: { code: string; message: string; hint: string }) => {
      equal(error.code, "address_in_use");
      match(error.message, new RegExp(`^Cannot listen on "127.0.0.1" port ${first.port}: `));
      match(error.hint, /--port/);
      return true;
    },
  );
  await rejects(startServer({ ...options, host: "192.0.2.1", port: 0 }, systemDeps()), {
    code: "config",
  });
});

Deno.test("a port that needs rights is named, with what to do", () => {
  const denied = Object.assign(new Error("listen EACCES"), { code: "EACCES" });
  const { code, message, hint } = bindError(denied, "::", 80);
  deepEqual([code, message], [
    "permission",
    'Cannot listen on "::" port 80: the system forbids it',
  ]);
  match(hint!, /CAP_NET_BIND_SERVICE/);
  equal(bindError(denied, "::", 8080).hint, undefined);
});

Deno.test("a machine without IPv6 is served on IPv4, and the log says so", async () => {
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (message) => void warnings.push(message) };
  const refuse = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));
  const bound = { address: "0.0.0.0", port: 8080, family: "IPv4" };
  const options = { host: "::", port: 8080 };
  for (const code of ["EAFNOSUPPORT", "EADDRNOTAVAIL"]) {
    const bind = (host: string) => host === "::" ? refuse(code) : Promise.resolve(bound);
    deepEqual(await bindWithFallback(bind, options, { log }), bound);
  }
  equal(warnings.length, 2);
  match(warnings[0]!, /no IPv6/);
  const taken = (host: string) => refuse(host === "::" ? "EAFNOSUPPORT" : "EADDRINUSE");
  await rejects(bindWithFallback(taken, options, { log }), { code: "address_in_use" });
  const other = { host: "2001:db8::7", port: 8080 };
  await rejects(bindWithFallback(() => refuse("EADDRNOTAVAIL"), other, { log }), {
    code: "config",
  });
});

Deno.test("requests, bytes and errors are counted by route", async () => {
  const meter = memoryMeter();
  await using server = await startTestServer({ catalog, deps: { meter } });
  await sendRaw(server.port, requestText("/kernel"));
  await sendRaw(server.port, requestText("/stable/arm64/kernel"));
  await sendRaw(server.port, requestText("/nowhere"));
  await server.drain();
  deepEqual(meter.read(), {
    'plasmd_http_requests_total{route="/kernel",status="200"}': 1,
    'plasmd_http_requests_total{route="/:channel/:arch/:artifact",status="200"}': 1,
    'plasmd_http_requests_total{route="none",status="404"}': 1,
    'plasmd_artifact_sent_bytes_total{channel="stable",arch="arm64",artifact="kernel"}': 2000,
    plasmd_http_sent_bytes_total: 2000 + (await problemLength()),
    plasmd_http_connections: 0,
  });
});

async function problemLength(): Promise<number> {
  await using server = await startTestServer({ catalog });
  return (await sendRaw(server.port, requestText("/nowhere"))).body.length;
}

Deno.test("ranges, refusals and answers that were cut are counted, with labels of ours only", async () => {
  const meter = memoryMeter();
  const broken = fakeCatalog([fakeSnapshot([failingArtifact(kernel, 500, "changed")])]);
  await using server = await startTestServer({ catalog: broken, deps: { meter } });
  for (const range of ["bytes=0-9", "bytes=5000-", "bytes=0-1,3-4", "evil=1"]) {
    const headers = `Range: ${range}\r\nX-Evil: label\r\n`;
    await sendRaw(server.port, requestText("/kernel?evil", { headers }));
  }
  server.setLimits({ connectionsPerAddress: 0 });
  await sendRaw(server.port, requestText("/kernel"));
  await server.drain();
  const figures = meter.read();
  equal(figures['plasmd_http_ranges_total{result="partial"}'], 1);
  equal(figures['plasmd_http_ranges_total{result="unsatisfiable"}'], 1);
  equal(figures['plasmd_http_ranges_total{result="ignored"}'], 2);
  equal(figures['plasmd_http_connections_refused_total{limit="too_many"}'], 1);
  equal(figures['plasmd_http_cut_total{code="changed"}'], 2);
  equal(figures['plasmd_http_errors_total{code="changed"}'], 2);
  ok(!/evil/i.test(Object.keys(figures).join()));
});

Deno.test("a request is one line in the log, a failure of ours a warning", async () => {
  const lines: [string, string, Fields | undefined][] = [];
  const keep = (level: string) => (message: string, fields?: Fields) =>
    void lines.push([level, message, fields]);
  const log: Log = { ...silentLog, debug: keep("debug"), warn: keep("warn"), child: () => log };
  const status = () => Promise.reject(new Error("no"));
  await using server = await startTestServer({ catalog, status, deps: { log } });
  await sendRaw(server.port, requestText("/kernel?x"));
  await sendRaw(server.port, requestText("/status"));
  await server.drain();
  deepEqual(lines.map(([level, message]) => `${level} ${message}`), [
    "debug Request",
    "warn Request failed",
    "debug Request",
  ]);
  const { ms: _, ...fields } = lines[0]![2]!;
  deepEqual(fields, {
    method: "GET",
    target: "/kernel?x",
    status: 200,
    bytes: 1000,
    from: "127.0.0.1",
    ended: undefined,
  });
});

function canIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}
