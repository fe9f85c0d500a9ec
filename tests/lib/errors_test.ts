import assert from "node:assert/strict";
import {
  errorCodes,
  errorData,
  errorFromData,
  PlasmdError,
  toPlasmdError,
} from "../../src/lib/errors.ts";

Deno.test("an error of ours stays as it is", () => {
  const error = new PlasmdError("untrusted", "No trusted signature", { hint: "pin a key" });
  assert.equal(toPlasmdError(error), error);
});

Deno.test("errors of the operating system become codes that say what to do", async (t) => {
  const cases: [unknown, string][] = [
    [Object.assign(new Error("x"), { code: "EACCES" }), "permission"],
    [Object.assign(new Error("x"), { code: "ENOSPC" }), "no_space"],
    [Object.assign(new Error("x"), { code: "EADDRINUSE" }), "address_in_use"],
    [Object.assign(new Error("x"), { code: "ECONNREFUSED" }), "unreachable"],
    [Object.assign(new Error("x"), { code: "ENOENT" }), "io"],
    [new Deno.errors.NotFound("x"), "io"],
    [new Deno.errors.PermissionDenied("x"), "permission"],
    [new Deno.errors.NotCapable("x"), "permission"],
    [new Deno.errors.AddrInUse("x"), "address_in_use"],
    [new Error("No space left on device (os error 28)"), "no_space"],
    [new Error("Read-only file system (os error 30)"), "permission"],
    [new Error("Something else (os error 5)"), "io"],
    [new DOMException("x", "TimeoutError"), "timeout"],
    [new DOMException("x", "AbortError"), "cancelled"],
    [new TypeError("x is undefined"), "internal"],
    ["a string", "internal"],
    [undefined, "internal"],
  ];
  for (const [thrown, code] of cases) {
    await t.step(`${thrown} is ${code}`, () => assert.equal(toPlasmdError(thrown).code, code));
  }
});

Deno.test("an error of the system keeps its cause and says what was done", () => {
  const cause = Object.assign(new Error("no entry"), { code: "ENOENT" });
  const error = toPlasmdError(cause, 'Cannot read "x"');
  assert.equal(error.message, 'Cannot read "x": no entry');
  assert.equal(error.cause, cause);
});

Deno.test("an error crosses a Worker as plain data, without its cause", () => {
  const data = errorData(new PlasmdError("range", "Past the end", { hint: "h", cause: "secret" }));
  assert.deepEqual(structuredClone(data), {
    code: "range",
    message: "Past the end",
    hint: "h",
    blame: "peer",
  });
  const back = errorFromData(data);
  assert.equal(back.code, "range");
  assert.equal(back.hint, "h");
  assert.equal(back.cause, undefined);
});

Deno.test("every code has somebody who must change something", () => {
  for (const code of errorCodes) {
    assert.match(new PlasmdError(code, "x").blame, /^(user|peer|host|bug)$/);
  }
  assert.equal(new PlasmdError("usage", "x").blame, "user");
  assert.equal(new PlasmdError("internal", "x").blame, "bug");
  assert.equal(new PlasmdError("no_space", "x").blame, "host");
  assert.equal(new PlasmdError("no_space", "x", { blame: "user" }).blame, "user");
});
