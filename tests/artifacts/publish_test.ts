import assert from "node:assert/strict";
import type { FileHash } from "../../src/artifacts/hash.ts";
import {
  chunkSizeFor,
  describeImage,
  type PublishOptions,
  unknownMembers,
} from "../../src/artifacts/publish.ts";
import { chunkCount } from "../../src/formats/manifest.ts";
import { canonicalBytes } from "../../src/formats/json.ts";
import type { ArtifactName } from "../../src/formats/names.ts";
import { formatLimits } from "../../src/lib/limits.ts";

const now = Date.UTC(2026, 1, 3, 4, 5, 6, 789);
const options: PublishOptions = { channel: "stable", arch: "arm64" };

function hashOf(size: number): FileHash {
  const chunkSize = chunkSizeFor(size);
  return {
    ...{ dev: 1, ino: 1, size, mtimeMs: 1, ctimeMs: 1, chunkSize },
    digest: "ab".repeat(32),
    chunks: new Uint8Array(32 * Math.ceil(size / chunkSize)),
  };
}

const kernel = new Map<ArtifactName, FileHash>([["kernel", hashOf(5_000_000)]]);

Deno.test("a manifest says what the files are, where, since when and until when", () => {
  assert.deepEqual(describeImage(kernel, options, now), {
    manifest_version: 1,
    version: "2026.02.03",
    sequence: Date.UTC(2026, 1, 3, 4, 5, 6) / 1000,
    channel: "stable",
    arch: "arm64",
    created_at: "2026-02-03T04:05:06Z",
    expires_at: "2026-03-05T04:05:06Z",
    artifacts: {
      kernel: {
        hash: `sha256:${"ab".repeat(32)}`,
        size: 5_000_000,
        path: "/stable/arm64/kernel",
        chunks: { size: 4 * 1024 * 1024, hashes: new Uint8Array(64).toBase64() },
      },
    },
    signatures: [],
  });
});

Deno.test("version, command line and lifetime are taken over", () => {
  const asked = { cmdline: "console=ttyS0", imageVersion: "7.1-rc2", lifetimeMs: 3_600_000 };
  const manifest = describeImage(kernel, { ...options, ...asked }, now);
  assert.equal(manifest.cmdline, "console=ttyS0");
  assert.equal(manifest.version, "7.1-rc2");
  assert.equal(manifest.expires_at, "2026-02-03T05:05:06Z");
});

Deno.test("the sequence is always above the last one", () => {
  const seconds = Math.floor(now / 1000);
  const next = (lastSequence: number) =>
    describeImage(kernel, { ...options, lastSequence }, now).sequence;
  assert.equal(next(5), seconds);
  assert.equal(next(seconds - 1), seconds);
  assert.equal(next(seconds), seconds + 1);
  assert.equal(next(seconds + 86_398), seconds + 86_399);
});

Deno.test("a clock that is wrong signs nothing", () => {
  const wrong = { code: "failed", hint: /set the clock/ };
  for (const time of ["1970-01-01T00:00:07Z", "2019-12-31T00:00:00Z"]) {
    assert.throws(() => describeImage(kernel, options, Date.parse(time)), {
      ...wrong,
      message: `Cannot publish: this machine's clock says ${time}`,
    });
  }
  const lastSequence = Math.floor(now / 1000) + 86_401;
  assert.throws(() => describeImage(kernel, { ...options, lastSequence }, now), {
    ...wrong,
    message: /and the last publication has the sequence \d+ of a later day/,
  });
});

Deno.test("what can't be in a manifest is a mistake of who asks for it", () => {
  const refused: [Partial<PublishOptions>, RegExp][] = [
    [{ cmdline: 'root="x"' }, /^Cannot publish: "cmdline" must not hold a quote/],
    [{ cmdline: "a\nb" }, /"cmdline"/],
    [{ cmdline: "quiet -- init=/bin/sh" }, /"cmdline"/],
    [{ cmdline: "phase.trust=x" }, /phase\./],
    [{ cmdline: "x".repeat(1025) }, /1024/],
    [{ imageVersion: "" }, /"version"/],
    [{ imageVersion: "../x" }, /"version"/],
    [{ lifetimeMs: 0 }, /1 s to 90 d/],
    [{ lifetimeMs: formatLimits.lifetimeMs + 1 }, /^Cannot publish for 90 d: .* 1 s to 90 d/],
    [{ channel: "Stable" }, /"channel"/],
  ];
  for (const [wrong, message] of refused) {
    assert.throws(() => describeImage(kernel, { ...options, ...wrong }, now), {
      code: "config",
      message,
    });
  }
});

Deno.test("three artifacts of the largest size fit into a manifest", () => {
  const largest = hashOf(formatLimits.artifactBytes);
  const image = new Map<ArtifactName, FileHash>([
    ...[["kernel", largest], ["initramfs", largest], ["rootfs", largest]] as const,
  ]);
  const manifest = describeImage(image, { ...options, cmdline: "x".repeat(1024) }, now);
  const signatures = Array.from({ length: 64 }, () => "x".repeat(200));
  const size = canonicalBytes({ ...manifest, signatures }).length;
  assert.ok(size <= formatLimits.manifestBytes, `${size}`);
  assert.equal(chunkCount(manifest.artifacts.rootfs!), 4096);
});

Deno.test("members of a later version are kept when a manifest is made anew", () => {
  const extra = { future: [{ any: 1 }] };
  const manifest = describeImage(kernel, { ...options, extra }, now);
  assert.deepEqual(manifest.future, extra.future);
  assert.deepEqual(unknownMembers(manifest), extra);
  const sly = { ...options, extra: { channel: "testing", sequence: 1 } };
  assert.equal(describeImage(kernel, sly, now).channel, "stable");
});
