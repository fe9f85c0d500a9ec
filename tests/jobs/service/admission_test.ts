import assert from "node:assert/strict";
import { openJobSpec } from "../../../src/formats/job_spec.ts";
import {
  checkAsked,
  checkParties,
  checkQueue,
  checkTime,
  needsOf,
} from "../../../src/jobs/service/admission.ts";
import { jobLimits, jobServiceLimits } from "../../../src/lib/limits.ts";
import { digestOf, jobFields, signedJob, testSubmitter, testWorker } from "../../support/jobs.ts";
import { madeAt, testIdentity } from "../../support/manifests.ts";

const { spec } = openJobSpec(signedJob());
const minutes = 60_000;

Deno.test("a job is for this worker, and of a submitter who is allowed", () => {
  const self = testWorker.keyid;
  const allow = new Set([testSubmitter.keyid]);
  checkParties(spec, { self, allow });
  const other = testIdentity(9).keyid;
  // Who means another worker learns that first, and nothing about who is allowed.
  assert.throws(() => checkParties(spec, { self: other, allow: new Set() }), {
    code: "wrong_target",
  });
  assert.throws(() => checkParties(spec, { self, allow: new Set([other]) }), { code: "forbidden" });
});

Deno.test("validity is looked at to the second", () => {
  const at = (now: number) => () => checkTime(spec, now);
  const expires = madeAt + 60 * minutes;
  assert.equal(checkTime(spec, madeAt), expires);
  assert.equal(checkTime(spec, expires - 1), expires);
  assert.throws(at(expires), { code: "expired" });
  const earliest = expires - 24 * 60 * minutes - 10 * minutes;
  assert.equal(checkTime(spec, earliest), expires);
  assert.throws(at(earliest - 1), { code: "not_yet_valid" });
});

Deno.test("each limit may be used up, and not exceeded by one", () => {
  const { wall_ms, memory_bytes, output_bytes } = spec.limits;
  const given = { wallMs: wall_ms, memoryBytes: memory_bytes, outputBytes: output_bytes };
  checkAsked(spec, given);
  for (const name of ["wallMs", "memoryBytes", "outputBytes"] as const) {
    const less = { ...given, [name]: given[name] - 1 };
    assert.throws(() => checkAsked(spec, less), { code: "too_large" }, name);
  }
});

Deno.test("the queue has a part for each, and an end for all", () => {
  const { queued, queuedPerSubmitter } = jobServiceLimits;
  checkQueue({ all: queued - 1, own: queuedPerSubmitter - 1 });
  assert.throws(() => checkQueue({ all: 300, own: queuedPerSubmitter }), {
    code: "too_many",
    message: /256 jobs of yours/,
  });
  assert.throws(() => checkQueue({ all: queued, own: 0 }), {
    code: "too_many",
    message: /1024 jobs have not started/,
  });
});

Deno.test("a module has its own limit, whatever else it is used as", () => {
  const [module, file] = [digestOf("m"), digestOf("f")];
  const files = { a: file, b: module, c: file };
  const fields = { ...spec, ...jobFields({ module, stdin: file, files }) };
  assert.deepEqual(needsOf(fields), [
    { digest: module, most: jobLimits.moduleBytes },
    { digest: file, most: jobLimits.inputBytes },
  ]);
});
