import assert from "node:assert/strict";
import fc from "fast-check";
import { digestsOf, jobSpecPrefix, openJobSpec, sealJobSpec } from "../../src/formats/job_spec.ts";
import { canonicalBytes } from "../../src/formats/json.ts";
import { type Prefix, sign } from "../../src/formats/signed.ts";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { digestOf, jobFields, nonceOf, signedJob, testSubmitter } from "../support/jobs.ts";
import { testIdentity } from "../support/manifests.ts";

const utf8 = new TextEncoder();
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

// deno-lint-ignore no-explicit-any -- the tests put wrong things into it
type Spoilt = any;

/** A signed job with changes that the builder would refuse, signed as they are. */
function spoilt(change: (job: Spoilt) => void, prefix: Prefix = jobSpecPrefix): Uint8Array {
  const job = JSON.parse(decode(signedJob()));
  change(job);
  return sign(prefix, { ...job, signatures: [] }, [testSubmitter]);
}

function refused(bytes: Uint8Array, message: RegExp, code = "malformed") {
  assert.throws(() => openJobSpec(bytes), { name: "PlasmdError", code, message });
}

Deno.test("a job is read as it was signed, and its id is the hash of what was signed", () => {
  const bytes = signedJob();
  const { spec, id } = openJobSpec(bytes);
  const { signatures, spec_version: version, ...fields } = spec;
  assert.deepEqual(fields, jobFields());
  assert.equal(version, 1);
  assert.deepEqual(signatures.map(({ keyid }) => keyid), [testSubmitter.keyid]);
  const { signatures: _, ...unsigned } = JSON.parse(decode(bytes));
  const signed = utf8.encode(`phase-job:v1:${decode(canonicalBytes(unsigned))}`);
  assert.equal(id, `sha256:${sha256Hex(signed)}`);
  assert.ok(Object.isFrozen(spec.limits) && Object.isFrozen(spec.files));
});

Deno.test("the bytes of a job are what they were in every release", () => {
  const bytes = signedJob();
  assert.equal(bytes.length, 861);
  assert.equal(
    sha256Hex(bytes),
    "011cdd205224564011df0da18d54b4b00dafd59c19d3afdc9f26f3cd8c7a188d",
  );
  assert.equal(
    openJobSpec(bytes).id,
    "sha256:11b2607a72fc73c6855f1ac8d5fee5011e3eec37ce6bd1adf1aef4ec0e5a9032",
  );
});

Deno.test("each member binds the id", () => {
  const changes: Parameters<typeof signedJob>[0][] = [
    { worker: testIdentity(3).keyid },
    { module: digestOf("another") },
    { args: ["one"] },
    { env: {} },
    { stdin: null },
    { files: {} },
    { limits: { wall_ms: 60_001, memory_bytes: 64 << 20, output_bytes: 1 << 20 } },
    { deterministic: false },
    { nonce: nonceOf(2) },
    { expires_at: "2025-11-26T13:00:01Z" },
  ];
  const ids = [{}, ...changes].map((change) => openJobSpec(signedJob(change)).id);
  ids.push(openJobSpec(signedJob({}, testIdentity(3))).id);
  assert.equal(new Set(ids).size, 12);
});

Deno.test("only the submitter's own valid signature counts, and nobody's beside it", () => {
  const untrusted = (bytes: Uint8Array, message: RegExp) => refused(bytes, message, "untrusted");
  const job = JSON.parse(decode(signedJob()));
  const stranger = testIdentity(3);
  const { signatures: _, ...bare } = job;
  untrusted(sign(jobSpecPrefix, bare, [stranger]), /not signed by its submitter alone/);
  untrusted(sign(jobSpecPrefix, bare, [testSubmitter, stranger]), /alone/);
  untrusted(canonicalBytes({ ...bare, signatures: [] }), /alone/);
  untrusted(
    canonicalBytes({ ...job, signatures: [...job.signatures, ...job.signatures] }),
    /alone/,
  );
  untrusted(spoilt(() => {}, "phase-cancel:v1:"), /signature of the job is not valid/);
  for (const change of [{ args: ["other"] }, { deterministic: false }, { nonce: nonceOf(9) }]) {
    untrusted(canonicalBytes({ ...job, ...change }), /signature of the job is not valid/);
  }
});

Deno.test("a job that isn't wanted is refused before its signature is looked at", () => {
  const broken = canonicalBytes({ ...JSON.parse(decode(signedJob())), args: ["changed"] });
  const admit = () => {
    throw new PlasmdError("forbidden", "Not you");
  };
  assert.throws(() => openJobSpec(broken, admit), { code: "forbidden" });
  const seen: string[] = [];
  openJobSpec(signedJob(), ({ submitter }) => seen.push(submitter));
  assert.deepEqual(seen, [testSubmitter.keyid]);
});

Deno.test("every member that is missing, of another kind or out of bounds is named", () => {
  const wrong: Record<string, readonly unknown[]> = {
    spec_version: [0, 2, "1", null],
    submitter: [1, null, "ed25519:AB", testSubmitter.keyid.toUpperCase(), testSubmitter.peerId],
    worker: [1, null, "", "ed25519:"],
    module: [null, 1, "ab".repeat(32), `sha256:${"AB".repeat(32)}`, `sha512:${"ab".repeat(32)}`],
    args: [null, {}, "one", [1], [null], ["a\0b"], new Array(257).fill("")],
    env: [null, [], { A: 1 }, { "": "x" }, { "A=B": "x" }, { "A\0": "x" }, { A: "x\0" }],
    stdin: [1, "", "sha256:", [], false],
    files: [null, [], { a: 1 }, { a: null }, { a: "sha256:" }, { a: digestOf("") + "0" }],
    limits: [null, [], 1, {}],
    deterministic: [null, 0, 1, "true"],
    nonce: [null, "", 1, "AAAA", "A".repeat(24), `${nonceOf(1)}\n`, nonceOf(1).replace(/=+$/, "")],
    expires_at: [null, 1, "", "tomorrow", "2025-02-30T00:00:00Z", "2025-11-26T13:00:00.000Z"],
  };
  for (const [member, values] of Object.entries(wrong)) {
    refused(spoilt((job) => delete job[member]), new RegExp(`"${member}`));
    for (const value of values) {
      refused(spoilt((job) => job[member] = value), new RegExp(`"${member}`));
    }
  }
});

Deno.test("limits are whole, positive and bounded, and there are no others", () => {
  const limit = (name: string, value: unknown) =>
    refused(spoilt((job) => job.limits[name] = value), new RegExp(`"limits.${name}"`));
  for (const value of [0, -1, 86_400_001, "1", null]) limit("wall_ms", value);
  for (const value of [0, 65_535, 2 ** 40 + 1, null]) limit("memory_bytes", value);
  for (const value of [-1, 2 ** 40 + 1, null]) limit("output_bytes", value);
  limit("cpu_ms", 1);
  refused(spoilt((job) => delete job.limits.wall_ms), /"limits.wall_ms"/);
  openJobSpec(signedJob({ limits: { wall_ms: 1, memory_bytes: 65_536, output_bytes: 0 } }));
});

Deno.test("what a worker wouldn't understand is refused, wherever it stands", () => {
  refused(spoilt((job) => job.network = true), /"network" is not known/);
  refused(spoilt((job) => job["\u001b[2J"] = 1), /"\\u\{1b\}\[2J" is not known/);
  refused(spoilt((job) => job.signatures_ = []), /"signatures_" is not known/);
});

Deno.test("names of files stay in the job's root and don't contradict each other", () => {
  const named = (...names: string[]) =>
    spoilt((job) => job.files = Object.fromEntries(names.map((name) => [name, digestOf(name)])));
  for (
    const name of ["", "/", "/etc/passwd", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.", "a\0"]
  ) {
    refused(named(name), /"files" has a name that is no path/);
  }
  refused(named("x".repeat(1025)), /no path/);
  refused(named("a", "a/b"), /"files.a" is a file and a directory/);
  refused(named("a/b/c/d", "a/b"), /"files.a\/b" is a file and a directory/);
  refused(named(...Array.from({ length: 257 }, (_, i) => `f${i}`)), /257 entries/);
  openJobSpec(named("a", "ab", "b/a", "...", "x".repeat(1024)));
});

Deno.test("a job fits its size, and is canonical or refused", () => {
  const text = decode(signedJob());
  const bad = ["", "{", "null", "[]", "{}", `${text}\n`, ` ${text}`, text.replace(",", ", ")];
  bad.push(text.replace('"args":', '"args":[],"args":'), "[".repeat(1000), text.slice(0, -1));
  bad.push(text.replace("{", '{"__proto__":1,'), text.replace("60000", "60000.5"));
  for (const one of bad) refused(utf8.encode(one), /job/);
  assert.throws(() => signedJob({ args: ["x".repeat(256 * 1024)] }), { code: "malformed" });
  openJobSpec(signedJob({ args: ["x".repeat(255 * 1024)] }));
});

Deno.test("a key signs in its own name only", () => {
  assert.throws(() => sealJobSpec(jobFields(), testIdentity(3)), { code: "failed" });
});

Deno.test("the digests that a job needs are named once each, the module first", () => {
  const [module, file] = [digestOf("m"), digestOf("f")];
  const fields = jobFields({
    module,
    stdin: file,
    files: { a: file, b: digestOf("b"), c: module },
  });
  assert.deepEqual(digestsOf(fields), [module, file, digestOf("b")]);
  assert.deepEqual(digestsOf(jobFields({ module, stdin: null, files: {} })), [module]);
});

Deno.test("any job of text, names and numbers is read as it was signed", () => {
  const word = fc.string({ unit: "binary", maxLength: 20 })
    .filter((text) => text.isWellFormed() && !text.includes("\0"));
  const name = word.filter((text) => text !== "" && !text.includes("=") && text !== "__proto__");
  const changes = fc.record({
    args: fc.array(word, { maxLength: 5 }),
    env: fc.dictionary(name, word, { maxKeys: 5, noNullPrototype: true }),
    deterministic: fc.boolean(),
    nonce: fc.nat().map(nonceOf),
    stdin: fc.option(word.map(digestOf)),
  });
  fc.assert(
    fc.property(changes, (change) => {
      const { spec } = openJobSpec(signedJob(change));
      const { signatures: _, spec_version: _version, ...fields } = spec;
      assert.deepEqual(fields, jobFields(change));
    }),
    { numRuns: 50 },
  );
});

Deno.test("no changed byte is accepted, and no bytes break the reader", () => {
  const good = signedJob();
  const outcome = (bytes: Uint8Array) => {
    try {
      openJobSpec(bytes);
    } catch (thrown) {
      assert.ok(thrown instanceof PlasmdError, String(thrown));
      return thrown.code;
    }
  };
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bytes = good.slice();
      bytes[at]! ^= flip;
      assert.match(outcome(bytes) ?? "", /malformed|untrusted/);
    }),
    { numRuns: 200 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
    assert.equal(outcome(bytes), "malformed");
  }));
  fc.assert(
    fc.property(fc.json(), (json) => assert.equal(outcome(utf8.encode(json)), "malformed")),
  );
});
