import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalBytes } from "../../src/formats/json.ts";
import {
  buildManifest,
  chunkCount,
  chunkHash,
  type ManifestArtifact,
  manifestId,
  parseManifest,
} from "../../src/formats/manifest.ts";
import { sha256 } from "../../src/lib/bytes.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { artifactOf, manifestFields, signedManifest, testIdentity } from "../support/manifests.ts";

const KiB = 1024;

/** A signed manifest as plain data, to be spoilt. */
// deno-lint-ignore no-explicit-any -- the tests put wrong things into it
function plain(): any {
  return JSON.parse(new TextDecoder().decode(signedManifest()));
}

function refused(value: unknown, message: RegExp) {
  const bytes = canonicalBytes(value);
  assert.throws(() => parseManifest(bytes), { code: "malformed", message });
}

// deno-lint-ignore no-explicit-any -- as above
function refusedWith(spoil: (manifest: any) => void, message: RegExp) {
  const manifest = plain();
  spoil(manifest);
  refused(manifest, message);
}

// deno-lint-ignore no-explicit-any -- as above
function acceptedWith(change: (manifest: any) => void) {
  const manifest = plain();
  change(manifest);
  return parseManifest(canonicalBytes(manifest));
}

Deno.test("a manifest is read as it was built and signed", () => {
  const fields = manifestFields();
  const manifest = parseManifest(signedManifest());
  assert.deepEqual({ ...fields, manifest_version: 1, signatures: manifest.signatures }, manifest);
  assert.equal(manifest.signatures[0]?.keyid, testIdentity(1).keyid);
  assert.equal(manifestId(manifest), manifestId(buildManifest(fields)));
});

Deno.test("a manifest that is built passes the same checks", () => {
  assert.throws(() => buildManifest(manifestFields({ channel: "Stable" })), {
    code: "malformed",
    message: /"channel"/,
  });
  assert.equal(buildManifest(manifestFields({ cmdline: undefined })).cmdline, undefined);
  assert.deepEqual(buildManifest(manifestFields()).signatures, []);
});

Deno.test("unknown members are kept and change the id", () => {
  const manifest = acceptedWith((m) => {
    m.future = [{ any: "thing" }];
    m.constructor = { x: 1 };
    m.artifacts.kernel.note = "kept";
    m.artifacts.kernel.chunks.more = [1];
  });
  assert.deepEqual(manifest.future, [{ any: "thing" }]);
  assert.deepEqual(manifest.constructor, { x: 1 });
  assert.equal((manifest.artifacts.kernel as unknown as { note: string }).note, "kept");
  assert.notEqual(manifestId(manifest), manifestId(parseManifest(signedManifest())));
});

Deno.test("each member that is missing or of another type is named", () => {
  const members = [
    "version",
    "manifest_version",
    "sequence",
    "channel",
    "arch",
    "created_at",
    "expires_at",
    "artifacts",
    "signatures",
  ];
  for (const member of members) {
    refusedWith((m) => delete m[member], new RegExp(`"${member}`));
    for (const wrong of [null, true, -1, "", [], {}, ["x"]]) {
      if (member === "signatures" && Array.isArray(wrong) && wrong.length === 0) continue;
      refusedWith((m) => m[member] = wrong, new RegExp(`"${member}`));
    }
  }
  for (const member of ["hash", "size", "path", "chunks"]) {
    refusedWith(
      (m) => delete m.artifacts.kernel[member],
      new RegExp(`"artifacts.kernel.${member}`),
    );
    refusedWith((m) => m.artifacts.kernel[member] = [], new RegExp(`"artifacts.kernel.${member}`));
  }
});

Deno.test("another manifest_version is refused", () => {
  refusedWith((m) => m.manifest_version = 2, /is 2: this program reads version 1/);
  refusedWith((m) => m.manifest_version = "1", /"manifest_version"/);
});

Deno.test("a version is 64 plain characters at most", () => {
  for (const version of ["1", "2025.11.26", "1.0~rc1+b-2_x", "a".repeat(64)]) {
    acceptedWith((m) => m.version = version);
  }
  for (const version of ["", "-1", ".1", "a b", "a/b", "a".repeat(65), "1\n", "\u00e9"]) {
    refusedWith((m) => m.version = version, /"version"/);
  }
});

Deno.test("channel and arch are those that exist, never an alias", () => {
  for (const channel of ["", "Stable", "-a", ".a", "a/b", "..", "a".repeat(33), "a\n"]) {
    refusedWith((m) => m.channel = channel, /"channel"/);
  }
  for (const arch of ["aarch64", "amd64", "x86-64", "ARM64", "riscv64", ""]) {
    refusedWith((m) => m.arch = arch, /"arch"/);
  }
});

Deno.test("times are real, in order and at most 90 days apart", () => {
  refusedWith((m) => m.created_at = "2025-11-31T12:00:00Z", /"created_at"/);
  refusedWith((m) => m.created_at = "2025-11-26T12:00:00.0Z", /"created_at"/);
  refusedWith((m) => m.expires_at = "2025-11-26T12:00:00+01:00", /"expires_at"/);
  refusedWith((m) => m.expires_at = m.created_at, /later than created_at/);
  refusedWith((m) => m.expires_at = "2025-11-26T11:59:59Z", /later than created_at/);
  acceptedWith((m) => m.expires_at = "2026-02-24T12:00:00Z");
  refusedWith((m) => m.expires_at = "2026-02-24T12:00:01Z", /90 days/);
});

Deno.test("a sequence is at most a day above created_at", () => {
  const created = Date.UTC(2025, 10, 26, 12) / 1000;
  acceptedWith((m) => m.sequence = created + 86_400);
  refusedWith((m) => m.sequence = created + 86_401, /"sequence" is more than 86400 above/);
  refusedWith((m) => m.sequence = -1, /"sequence"/);
  refusedWith((m) => m.sequence = "1", /"sequence"/);
  acceptedWith((m) => m.sequence = 0);
});

Deno.test("a cmdline can't be quoted, cut or used to speak for the client", () => {
  const bad: [string, RegExp][] = [
    ['a="b c"', /quote/],
    ['"', /quote/],
    ["a\nb", /printable/],
    ["a\tb", /printable/],
    ["a\u0000", /printable/],
    ["caf\u00e9", /printable/],
    ["a -- b", / -- /],
    ["a --", / -- /],
    ["-- a", / -- /],
    ["--", / -- /],
    ["phase.trust=ed25519:00", /phase\./],
    ["console=ttyS0 phase.trust=x", /phase\./],
    ["phase.", /phase\./],
    ["x".repeat(1025), /1025 characters, limit is 1024/],
  ];
  for (const [cmdline, why] of bad) refusedWith((m) => m.cmdline = cmdline, why);
  for (const wrong of [1, null, ["a"]]) refusedWith((m) => m.cmdline = wrong, /"cmdline"/);
  for (
    const cmdline of ["", "a--b", "--a", "root=/dev/sda1 quiet", "x.phase.y", "x".repeat(1024)]
  ) {
    acceptedWith((m) => m.cmdline = cmdline);
  }
});

Deno.test("a path is one of two, and leads nowhere else", () => {
  acceptedWith((m) => m.artifacts.kernel.path = "/kernel");
  const bad = [
    "",
    "kernel",
    "/",
    "/initramfs",
    "//host/kernel",
    "/../kernel",
    "/stable/arm64/../../etc/passwd",
    "/stable/x86_64/kernel",
    "/testing/arm64/kernel",
    "/stable/arm64/kernel/",
    "/stable/arm64/kernel?x",
    "/stable/arm64//kernel",
    "/stable%2farm64/kernel",
    "http://host/kernel",
    "\\\\host\\kernel",
    "/kernel\n",
  ];
  for (const path of bad) {
    refusedWith(
      (m) => m.artifacts.kernel.path = path,
      /"artifacts\.kernel\.path" must be "\/kernel"/,
    );
  }
});

Deno.test("hashes are sha256 in lower-case hex", () => {
  const hex = "a".repeat(64);
  for (
    const hash of [hex, `sha256:${hex.toUpperCase()}`, `sha256:${hex}a`, `sha512:${hex}`, "sha256:"]
  ) {
    refusedWith((m) => m.artifacts.kernel.hash = hash, /"artifacts\.kernel\.hash"/);
  }
});

Deno.test("a size lies between 1 byte and 16 GiB", () => {
  for (const size of [0, -1, "1", 16 * KiB ** 3 + 1, null]) {
    refusedWith((m) => m.artifacts.kernel.size = size, /"artifacts\.kernel\.size"/);
  }
});

Deno.test("a chunk is a power of two from 256 KiB to 16 MiB", () => {
  for (const size of [0, 1, 128 * KiB, 256 * KiB + 1, 384 * KiB, 32 * KiB ** 2, "x"]) {
    refusedWith((m) => m.artifacts.kernel.chunks.size = size, /"artifacts\.kernel\.chunks\.size"/);
  }
  for (let size = 256 * KiB; size <= 16 * KiB ** 2; size *= 2) {
    acceptedWith((m) => m.artifacts.kernel.chunks.size = size);
  }
});

Deno.test("there is a hash for each chunk, no more and no fewer", () => {
  const hashes = (count: number) => new Uint8Array(32 * count).toBase64();
  const withChunks = (size: number, count: number) => (m: ReturnType<typeof plain>) => {
    m.artifacts.kernel.size = size;
    m.artifacts.kernel.chunks.hashes = hashes(count);
  };
  acceptedWith(withChunks(256 * KiB, 1));
  acceptedWith(withChunks(256 * KiB + 1, 2));
  const why = /"artifacts\.kernel\.chunks\.hashes" must be canonical base64 of 2 SHA-256/;
  for (const count of [0, 1, 3]) refusedWith(withChunks(256 * KiB + 1, count), why);
  refusedWith((m) => m.artifacts.kernel.chunks.hashes += "\n", /chunks\.hashes/);
  refusedWith((m) => m.artifacts.kernel.chunks.hashes = "A".repeat(42), /chunks\.hashes/);
});

Deno.test("artifacts of unknown names are kept, with the same rules, 16 in all", () => {
  const extra = (name: string) => artifactOf(new Uint8Array(1), `/${name}`);
  acceptedWith((m) => m.artifacts["devicetree.dtb"] = extra("devicetree.dtb"));
  acceptedWith((m) => m.artifacts.constructor = extra("constructor"));
  for (const name of ["", "..", "a/b", "A", "-a", "a".repeat(33), "a b", "\u0000"]) {
    refusedWith((m) => m.artifacts[name] = extra(name), /"artifacts" has the name/);
  }
  refusedWith((m) => m.artifacts.other = { ...extra("other"), path: "/kernel" }, /other\.path/);
  refusedWith((m) => m.artifacts.constructor = 1, /"artifacts\.constructor"/);
  const fill = (count: number) => (m: ReturnType<typeof plain>) => {
    for (let i = 1; i < count; i++) m.artifacts[`x${i}`] = extra(`x${i}`);
  };
  acceptedWith(fill(16));
  refusedWith(fill(17), /17 entries, limit is 16/);
});

Deno.test("a manifest without a kernel is refused", () => {
  refusedWith((m) => {
    m.artifacts = { initramfs: artifactOf(new Uint8Array(1), "/initramfs") };
  }, /has no kernel/);
  refusedWith((m) => m.artifacts = {}, /has no kernel/);
});

Deno.test("a signature holds exactly keyid and sig, in their one spelling", () => {
  refusedWith((m) => m.signatures[0].more = 1, /"signatures\[0\]" must hold exactly/);
  refusedWith((m) => delete m.signatures[0].sig, /"signatures\[0\]" must hold exactly/);
  refusedWith((m) => m.signatures[0] = null, /"signatures\[0\]"/);
  refusedWith((m) => m.signatures[0].keyid = m.signatures[0].keyid.toUpperCase(), /\.keyid"/);
  refusedWith((m) => m.signatures[0].keyid = 1, /\.keyid"/);
  refusedWith((m) => m.signatures[0].sig = "AAAA", /"signatures\[0\]\.sig"/);
  refusedWith((m) => m.signatures[0].sig = m.signatures[0].sig.replace(/=+$/, ""), /\.sig"/);
  refusedWith((m) => m.signatures[0].sig += "\n", /\.sig"/);
});

Deno.test("64 signatures are read, 65 are not", () => {
  const times = (count: number) => (m: ReturnType<typeof plain>) => {
    m.signatures = Array.from({ length: count }, () => m.signatures[0]);
  };
  acceptedWith(times(64));
  refusedWith(times(65), /65 entries, limit is 64/);
});

Deno.test("a manifest of 2 MiB, or deeply nested, is refused by its form", () => {
  const spaces = new Uint8Array(2 * KiB ** 2).fill(0x20);
  assert.throws(() => parseManifest(spaces), { code: "malformed", message: /limit is 1 MiB/ });
  refusedWith((m) => m.extra = "x".repeat(2 * KiB ** 2), /limit is 1 MiB/);
  const deep = new TextEncoder().encode(`{"a":${"[".repeat(100_000)}`);
  assert.throws(() => parseManifest(deep), { code: "malformed", message: /nested deeper/ });
});

Deno.test("no change of one member makes anything but a manifest or a refusal", () => {
  const paths = fc.constantFrom(
    ["version"],
    ["sequence"],
    ["cmdline"],
    ["artifacts"],
    ["artifacts", "kernel"],
    ["artifacts", "kernel", "path"],
    ["artifacts", "kernel", "size"],
    ["artifacts", "kernel", "chunks"],
    ["artifacts", "kernel", "chunks", "size"],
    ["artifacts", "kernel", "chunks", "hashes"],
    ["signatures"],
    ["signatures", "0"],
    ["signatures", "0", "sig"],
  );
  fc.assert(fc.property(paths, fc.jsonValue(), (path, value) => {
    const manifest = plain();
    // deno-lint-ignore no-explicit-any -- walks down the plain data
    const holder = path.slice(0, -1).reduce((at: any, key) => at[key], manifest);
    holder[path.at(-1)!] = value;
    try {
      parseManifest(new TextEncoder().encode(JSON.stringify(manifest)));
    } catch (thrown) {
      assert.ok(thrown instanceof PlasmdError && thrown.code === "malformed", String(thrown));
    }
  }));
});

Deno.test("chunks are counted and their hashes found", () => {
  const bytes = Uint8Array.from({ length: 1_000_000 }, (_, i) => i % 251);
  const artifact = artifactOf(bytes, "/kernel");
  assert.equal(chunkCount(artifact), 4);
  for (let i = 0; i < 4; i++) {
    const chunk = bytes.subarray(i * 256 * KiB, (i + 1) * 256 * KiB);
    assert.deepEqual(chunkHash(artifact, i), sha256(chunk));
  }
  for (const index of [-1, 4, 0.5, NaN]) {
    assert.throws(() => chunkHash(artifact, index), RangeError);
  }
});

Deno.test("the hash of any chunk of any number of chunks is the right one", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(39), (count, wanted) => {
    const all = Uint8Array.from({ length: 32 * count }, (_, i) => i >> 5);
    const artifact: ManifestArtifact = {
      hash: "",
      size: count * 256 * KiB,
      path: "",
      chunks: { size: 256 * KiB, hashes: all.toBase64() },
    };
    const index = wanted % count;
    assert.deepEqual(chunkHash(artifact, index), new Uint8Array(32).fill(index));
  }));
});
