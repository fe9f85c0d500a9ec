import assert from "node:assert/strict";
import type { CatalogProblem, OpenCatalog } from "../../src/artifacts/catalog.ts";
import type { Snapshot } from "../../src/artifacts/snapshot.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { makeHealth } from "../../src/node/health.ts";
import type { Problems } from "../../src/server/problems.ts";
import { fakeClock } from "../support/clock.ts";

const expiring = (expires_at: string, channel = "stable") =>
  ({ channel, arch: "arm64", manifest: { manifest: { expires_at } } }) as unknown as Snapshot;

/** A catalog with these snapshots and problems, which counts how often it was examined. */
function catalogOf(snapshots: Snapshot[], problems: Partial<CatalogProblem>[] = []) {
  const seen = { checks: 0 };
  const catalog = {
    list: () => snapshots,
    check: () => {
      seen.checks++;
      const where = { channel: "stable", arch: "arm64" };
      return Promise.resolve(problems.map((one) => ({ ...where, code: "changed", ...one })));
    },
  } as unknown as OpenCatalog;
  return { catalog, seen };
}

function healthOf(catalog: OpenCatalog | undefined, stateDir?: string) {
  const clock = fakeClock("2026-01-01T00:00:00Z");
  return { clock, health: makeHealth({ catalog: () => catalog, stateDir }, systemDeps({ clock })) };
}

Deno.test("before the first snapshot a node is unhealthy", async () => {
  const report = await healthOf(undefined).health();
  assert.equal(report.status, "unhealthy");
  assert.deepEqual(report.checks, {
    artifacts_readable: false,
    artifacts_current: false,
    manifest_fresh: false,
  });
});

Deno.test("a node whose files are as they were hashed is healthy", async () => {
  const { catalog } = catalogOf([expiring("2026-01-02T00:00:00Z")]);
  const report = await healthOf(catalog, "/").health();
  assert.deepEqual(report, {
    status: "healthy",
    checks: {
      artifacts_readable: true,
      artifacts_current: true,
      manifest_fresh: true,
      disk_space_ok: true,
    },
  });
});

Deno.test("a changed file makes a node unhealthy", async () => {
  const { catalog } = catalogOf([expiring("2026-01-02T00:00:00Z")], [{ artifact: "kernel" }]);
  const report = await healthOf(catalog).health();
  assert.equal(report.status, "unhealthy");
  assert.equal(report.checks.artifacts_readable, false);
});

Deno.test("a changed file of one image of two degrades a node", async () => {
  const later = "2026-01-02T00:00:00Z";
  const { catalog } = catalogOf([expiring(later), expiring(later, "testing")], [{}]);
  const report = await healthOf(catalog).health();
  assert.equal(report.status, "degraded");
  assert.equal(report.checks.artifacts_readable, false);
});

Deno.test("files that can't take the place of what is served degrade a node", async () => {
  const { catalog } = catalogOf([expiring("2026-01-02T00:00:00Z")], [
    { code: "mismatch", pending: true },
  ]);
  const report = await healthOf(catalog).health();
  assert.equal(report.status, "degraded");
  assert.equal(report.checks.artifacts_current, false);
  assert.equal(report.checks.artifacts_readable, true);
});

Deno.test("one expired manifest of two degrades a node, all of them make it unhealthy", async () => {
  const old = expiring("2025-12-31T23:59:59Z");
  const young = expiring("2026-01-02T00:00:00Z");
  assert.equal((await healthOf(catalogOf([old, young]).catalog).health()).status, "degraded");
  assert.equal((await healthOf(catalogOf([old]).catalog).health()).status, "unhealthy");
});

Deno.test("a state directory that is gone degrades a node", async () => {
  const { catalog } = catalogOf([expiring("2026-01-02T00:00:00Z")]);
  const report = await healthOf(catalog, "/no/such/directory").health();
  assert.equal(report.status, "degraded");
  assert.equal(report.checks.disk_space_ok, false);
});

Deno.test("asking often examines once a second", async () => {
  const { catalog, seen } = catalogOf([expiring("2026-01-02T00:00:00Z")]);
  const { clock, health } = healthOf(catalog);
  await Promise.all(Array.from({ length: 100 }, health));
  assert.equal(seen.checks, 1);
  clock.advance(1000);
  await health();
  assert.equal(seen.checks, 2);
});

Deno.test("while a disk hangs nobody is sent to wait for it a second time", async () => {
  const hang = Promise.withResolvers<never[]>();
  const { catalog, seen } = catalogOf([expiring("2026-01-02T00:00:00Z")]);
  const slow = { ...catalog, check: () => (seen.checks++, hang.promise) } as OpenCatalog;
  const { clock, health } = healthOf(slow);
  const first = health();
  for (let i = 0; i < 5; i++) {
    clock.advance(10_000);
    health();
  }
  assert.equal(seen.checks, 1);
  hang.resolve([]);
  assert.equal((await first).status, "healthy");
  clock.advance(10_000);
  await health();
  assert.equal(seen.checks, 2);
});

Deno.test("what is broken is remembered", async () => {
  const noted: string[] = [];
  const { catalog } = catalogOf([expiring("2026-01-02T00:00:00Z")], [{
    code: "changed",
    message: "kernel changed",
  }]);
  const problems: Pick<Problems, "note"> = {
    note: (_area, { message }) => void noted.push(message),
  };
  await makeHealth({ catalog: () => catalog, problems }, systemDeps())();
  assert.deepEqual(noted, ["kernel changed"]);
});

Deno.test("without peers in the DHT a node is degraded; without the DHT that isn't checked", async () => {
  const { catalog } = catalogOf([expiring("2026-01-02T00:00:00Z")]);
  const clock = fakeClock("2026-01-01T00:00:00Z");
  let connected: boolean | undefined = false;
  const subjects = { catalog: () => catalog, dhtConnected: () => connected };
  const health = makeHealth(subjects, systemDeps({ clock }));
  const alone = await health();
  assert.equal(alone.status, "degraded");
  assert.equal(alone.checks.dht_connected, false);
  connected = true;
  clock.advance(2000);
  assert.equal((await health()).status, "healthy");
  connected = undefined;
  clock.advance(2000);
  assert.ok(!("dht_connected" in (await health()).checks));
});

Deno.test("a clock that jumps past the expiry and back makes a node unhealthy and well again", async () => {
  const { catalog } = catalogOf([expiring("2026-01-02T00:00:00Z")]);
  const { clock, health } = healthOf(catalog);
  const states: string[] = [];
  for (const time of ["2026-01-01", "2030-01-01", "1970-01-01", "2026-01-01"]) {
    clock.set(Date.parse(time));
    clock.advance(1000); // an answer is kept for a second of steady time
    states.push((await health()).status);
  }
  assert.deepEqual(states, ["healthy", "unhealthy", "healthy", "healthy"]);
});

Deno.test("a key list that has expired degrades a node, though its manifest is fresh", async () => {
  const carrying = (...ends: string[]) => {
    const key_lists = ends.map((expires_at) => ({ expires_at }));
    const manifest = { manifest: { expires_at: "2026-02-01T00:00:00Z", key_lists } };
    return { channel: "stable", arch: "arm64", manifest } as unknown as Snapshot;
  };
  const reportOf = (...ends: string[]) => healthOf(catalogOf([carrying(...ends)]).catalog).health();
  const before = await reportOf("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z");
  assert.deepEqual([before.status, before.checks.key_lists_fresh], ["healthy", true]);
  const after = await reportOf("2026-06-01T00:00:00Z", "2026-01-01T00:00:00Z");
  assert.deepEqual([after.status, after.checks.key_lists_fresh], ["degraded", false]);
  const without = await healthOf(catalogOf([expiring("2026-02-01T00:00:00Z")]).catalog).health();
  assert.equal("key_lists_fresh" in without.checks, false);
});
