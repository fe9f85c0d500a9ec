/**
 * The client in PHP and the program write and refuse the same bytes.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type JobSpecFields, openJobSpec, sealJobSpec } from "../../src/formats/job_spec.ts";
import { canonicalBytes } from "../../src/formats/json.ts";
import { openReceipt, receiptPrefix, sealReceipt } from "../../src/formats/receipt.ts";
import { signedBytes } from "../../src/formats/signed.ts";
import { signEd25519 } from "../../src/identity/ed25519.ts";
import { publicKeyOf } from "../../src/identity/keyid.ts";
import { toBase64 } from "../../src/lib/bytes.ts";
import { toPlasmdError } from "../../src/lib/errors.ts";
import {
  digestOf,
  jobFields,
  nonceOf,
  receiptFields,
  testSubmitter,
  testWorker,
} from "../support/jobs.ts";
import { askPhp, needingPhp } from "../support/php.ts";
import { smallOrderKeys, torsionedKeys, torsionedSignatures } from "../support/torsion.ts";

/** Any text, with what implementations get wrong more often than chance has it. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(
    "",
    "\u2028",
    "\u2029",
    "\u{1f602}",
    "\ufb33",
    "\ue000",
    "\x7f",
    "</script>",
    "0",
  ),
).filter((one) => !one.includes("\0"));
const name = text.filter((one) => one !== "" && one !== "__proto__" && !one.includes("="));
const part = name.filter((one) => one !== "." && one !== ".." && !one.includes("/"));
const digest = fc.nat(99).map((number) => digestOf(`${number}`));

const anyJob: fc.Arbitrary<JobSpecFields> = fc.record({
  args: fc.array(text, { maxLength: 8 }),
  env: fc.dictionary(name, text, { maxKeys: 8, noNullPrototype: true }),
  stdin: fc.option(digest),
  // Two parts each, so that none is a directory of another.
  files: fc.dictionary(fc.tuple(part, part).map((both) => both.join("/")), digest, {
    maxKeys: 8,
    noNullPrototype: true,
  }),
  limits: fc.record({
    wall_ms: fc.integer({ min: 1, max: 86_400_000 }),
    memory_bytes: fc.integer({ min: 65_536, max: 2 ** 40 }),
    output_bytes: fc.integer({ min: 0, max: 2 ** 40 }),
  }),
  deterministic: fc.boolean(),
  nonce: fc.nat().map(nonceOf),
}).map(jobFields);

/** What the program says of the bytes: a value, or the code of its refusal. */
function judged<T>(read: () => T): T | { refused: string } {
  try {
    return read();
  } catch (thrown) {
    return { refused: toPlasmdError(thrown).code };
  }
}

Deno.test(
  "PHP signs every job as the program does, byte for byte",
  needingPhp([], async () => {
    const jobs = [
      jobFields({ args: [], env: {}, files: {}, stdin: null }),
      jobFields({ env: { "\u{1f602}": "\u2028", "\ufb33": "\u2029", "10": "", "9": "x" } }),
      ...fc.sample(anyJob, 500),
    ];
    const seed = toBase64(testSubmitter.seed);
    const answers = await askPhp(jobs.map((fields) => ["seal", fields, seed]));
    for (const [i, fields] of jobs.entries()) {
      const bytes = sealJobSpec(fields, testSubmitter);
      assert.deepEqual(
        answers[i],
        [toBase64(bytes), openJobSpec(bytes).id],
        JSON.stringify(fields),
      );
    }
  }),
);

Deno.test(
  "PHP writes every number and every value as the program does",
  needingPhp([], async () => {
    const doubles = fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), 3000);
    const nearTwo = Array.from({ length: 2098 }, (_, i) => 2 ** (i - 1074));
    const nearTen = Array.from({ length: 632 }, (_, i) => Number(`1e${i - 323}`));
    const numbers = [...doubles, ...[...nearTwo, ...nearTen].filter(Number.isFinite)];
    const bits = (number: number) => {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setFloat64(0, number);
      return bytes.toHex();
    };
    const written = await askPhp(numbers.map((number) => ["number", bits(number)]));
    assert.deepEqual(written, numbers.map((number) => JSON.stringify(number)));

    // PHP holds no member whose name starts with a zero byte; whole numbers beyond 2^53 it reads as
    // integers, which the client refuses to round.
    const values = fc.sample(fc.jsonValue({ stringUnit: "binary", maxDepth: 5 }), 1000)
      .filter((value) => !/"(?:\\u0000|__proto__)|\d{16}(?![\d.e])/.test(JSON.stringify(value)));
    assert.ok(values.length > 500);
    const canonical = await askPhp(values.map((value) => ["json", value]));
    assert.deepEqual(canonical, values.map((value) => toBase64(canonicalBytes(value))));
  }),
);

Deno.test(
  "PHP believes a changed job or receipt no more than the program does",
  needingPhp([], async () => {
    const job = sealJobSpec(jobFields({ args: ["\u2028", "\u{1f602}"] }), testSubmitter);
    const receipt = sealReceipt(receiptFields(), testWorker);
    const change = (bytes: Uint8Array) =>
      fc.tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.constantFrom("set", "cut", "add")).map(
        ([at, byte, how]) => {
          if (how === "set") return bytes.with(at, byte);
          const rest = bytes.subarray(how === "cut" ? at + 1 : at);
          return Uint8Array.from([
            ...bytes.subarray(0, at),
            ...(how === "add" ? [byte] : []),
            ...rest,
          ]);
        },
      );
    const jobs = [job, ...fc.sample(change(job), 1000)];
    assert.deepEqual(
      await askPhp(jobs.map((bytes) => ["job", toBase64(bytes)])),
      jobs.map((bytes) => judged(() => openJobSpec(bytes).id)),
    );
    const receipts = [receipt, ...fc.sample(change(receipt), 1000)];
    const { keyid: worker } = testWorker;
    assert.deepEqual(
      await askPhp(receipts.map((bytes) => ["receipt", toBase64(bytes), worker])),
      receipts.map((bytes) => judged(() => openReceipt(bytes, { worker }).job_id)),
    );
    const stranger = testSubmitter.keyid;
    assert.deepEqual(await askPhp([["receipt", toBase64(receipt), stranger]]), [{
      refused: "untrusted",
    }]);
  }),
);

Deno.test(
  "PHP refuses keys and signatures with a part of small order",
  needingPhp([], async () => {
    const message = signedBytes(receiptPrefix, { ...receiptFields() } as object);
    const signature = signEd25519(testWorker.seed, message);
    const key = publicKeyOf(testWorker.keyid)!;
    const verify = (
      sig: Uint8Array,
      by: Uint8Array,
    ) => ["verify", ...[sig, message, by].map(toBase64)];
    const bad = [
      ...torsionedSignatures(testWorker.seed, message).map((sig) => verify(sig, key)),
      ...torsionedKeys(testWorker.seed).map((by) => verify(signature, by)),
      ...smallOrderKeys().flatMap((by) => [
        verify(signature, by),
        verify(new Uint8Array(64), by),
        verify(Uint8Array.from([...by, ...new Uint8Array(32)]), by),
      ]),
    ];
    assert.deepEqual(await askPhp([verify(signature, key)]), [true]);
    assert.deepEqual(new Set(await askPhp(bad)), new Set([false]));
  }),
);
