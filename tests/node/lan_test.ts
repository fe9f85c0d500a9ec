import assert from "node:assert/strict";
import { publicStatus, servicesOf } from "../../src/node/lan.ts";
import { fakeCatalog, fakeSnapshot } from "../support/fake_catalog.ts";

const catalog = fakeCatalog([
  fakeSnapshot([], { arch: "x86_64" }),
  fakeSnapshot([], { channel: "testing" }),
]);
const { manifest } = catalog.list()[0]!.manifest;
const before = Date.parse(manifest.expires_at) - 1000;

Deno.test("one service is announced for each channel and arch, the default one at its short path", () => {
  const services = servicesOf(catalog, before);
  assert.deepEqual(services.map(({ channel, arch, path }) => `${channel} ${arch} ${path}`), [
    "stable x86_64 /manifest.json",
    "testing arm64 /testing/arm64/manifest.json",
  ]);
  assert.equal(services[0]!.version, manifest.version);
  assert.equal(services[0]!.sequence, manifest.sequence);
  assert.equal(services[0]!.keyid, `ed25519:${"2".repeat(64)}`);
});

Deno.test("an expired manifest is no longer announced", () => {
  assert.deepEqual(servicesOf(catalog, before + 1001), []);
});

Deno.test("the status says where nothing can be announced, and not why", () => {
  const failed = { "eth0/4": "Cannot listen: /etc/something is wrong" };
  const shown = publicStatus({ lanes: ["lo/4"], failed, instances: [] });
  assert.deepEqual(shown, {
    lanes: ["lo/4"],
    failed: { "eth0/4": "the log has the reason, at debug" },
    instances: [],
  });
});
