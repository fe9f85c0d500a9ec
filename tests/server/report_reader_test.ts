import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { PlasmdError } from "../../src/lib/errors.ts";
import { readHealth, readStatus } from "../../src/server/report_reader.ts";
import { catalogReport } from "../../src/server/catalog_report.ts";
import {
  emptyCatalog,
  fakeCatalog,
  fakeSnapshot,
  memoryArtifact,
} from "../support/fake_catalog.ts";
import { fakeStatus } from "../support/http.ts";

const kernel = memoryArtifact("kernel", new Uint8Array(5));
const full = { ...fakeStatus, ...catalogReport(fakeCatalog([fakeSnapshot([kernel])])) };
const copy = (value: unknown) => JSON.parse(JSON.stringify(value));

Deno.test("what a catalog serves is reported", () => {
  deepEqual(full.artifacts, [{
    name: "kernel",
    channel: "stable",
    arch: "arm64",
    size: 5,
    hash: `sha256:${kernel.digest}`,
  }]);
  equal(full.manifests[0]!.expires_at, "2025-12-26T12:00:00Z");
  deepEqual(catalogReport(emptyCatalog), { manifests: [], artifacts: [] });
});

Deno.test("a report of ours is read as it was written", () => {
  deepEqual(readStatus(copy(full)), full);
  deepEqual(
    readStatus(
      copy({ ...full, provider: { ...full.provider, default: { channel: "a", arch: "b" } } }),
    )
      .provider.default,
    { channel: "a", arch: "b" },
  );
  const ipxe = { path: "/boot.ipxe", trusts: "the provider" };
  deepEqual(readStatus(copy({ ...full, ipxe })).ipxe, ipxe);
  const health = { status: "degraded", checks: { dht_connected: false } } as const;
  deepEqual(readHealth(copy(health)), health);
});

Deno.test("members that we don't know are dropped", () => {
  const more = {
    ...copy(full),
    discovery: { peers: 3 },
    later: 1,
    metrics: { a: 1, b: "x", c: null },
  };
  deepEqual(readStatus(more), { ...full, discovery: {}, metrics: { a: 1 } });
});

Deno.test("what is no report is refused", () => {
  const wrong = (change: (it: ReturnType<typeof copy>) => void) => {
    const it = copy(full);
    change(it);
    throws(() => readStatus(it), { code: "bad_source" });
  };
  wrong((it) => delete it.provider);
  wrong((it) => it.provider.keyid = 5);
  wrong((it) => it.provider.uptime_seconds = -1);
  wrong((it) => it.provider.default = "stable");
  wrong((it) => it.provider.addresses = [1]);
  wrong((it) => it.artifacts = {});
  wrong((it) => it.artifacts[0].size = 1.5);
  wrong((it) => it.artifacts = Array.from({ length: 2000 }, () => it.artifacts[0]));
  wrong((it) => it.manifests[0] = null);
  wrong((it) => it.metrics = []);
  for (
    const health of [
      {},
      { status: "fine", checks: {} },
      { status: "healthy", checks: { a: 1 } },
      null,
    ]
  ) {
    throws(() => readHealth(health), { code: "bad_source" });
  }
});

Deno.test("whatever JSON comes, it is a report or refused", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    for (const read of [readStatus, readHealth]) {
      try {
        read(value);
      } catch (thrown) {
        ok(thrown instanceof PlasmdError);
      }
    }
  }));
});
