import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { readStatus } from "../../../src/jobs/client/read_status.ts";
import { refusalCode } from "../../../src/jobs/client/refusal_codes.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { digestOf } from "../../support/jobs.ts";

const id = digestOf("a job");
const good = {
  job_id: id,
  state: "refused",
  missing: [digestOf("module")],
  position: null,
  submitted_at: "2025-11-26T12:00:01Z",
  started_at: null,
  completed_at: "2025-11-26T12:00:02Z",
  completion: null,
  exit_code: null,
  stdout: { size: 0, truncated: false },
  stderr: { size: 0, truncated: false },
  problem: { code: "module", detail: "imports what isn't there" },
};

/** The status, or the code of its refusal. */
function read(value: unknown): unknown {
  try {
    return readStatus(value, id);
  } catch (thrown) {
    if (!(thrown instanceof PlasmdError)) throw thrown;
    return thrown.code;
  }
}

Deno.test("a status that is right is read as it is, without what isn't known", () => {
  deepEqual(read({ ...good, more: 1 }), good);
});

Deno.test("whatever stands in the place of a member is read as it is or refused", () => {
  const member = fc.constantFrom(...Object.keys(good));
  fc.assert(fc.property(member, fc.jsonValue(), (name, value) => {
    const said = read({ ...good, [name]: value });
    if (said === "bad_source") return;
    deepEqual(Object.keys(said as object).sort(), Object.keys(good).sort());
    if (name !== "problem") deepEqual((said as Record<string, unknown>)[name], value);
  }));
});

Deno.test("no JSON at all is a status by chance", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => read(value) === "bad_source"));
});

Deno.test("without any one of its members it is refused", () => {
  for (const name of Object.keys(good)) {
    const { [name as keyof typeof good]: _, ...rest } = good;
    equal(read(rest), "bad_source", name);
  }
});

Deno.test("what is no code of a worker's is an odd answer", () => {
  equal(refusalCode("module"), "module");
  fc.assert(fc.property(fc.anything(), (code) => {
    equal(refusalCode(code), "bad_source");
  }));
});
