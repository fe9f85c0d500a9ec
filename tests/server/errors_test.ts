import { deepEqual, equal, ok } from "node:assert/strict";
import { errorCodes, PlasmdError } from "../../src/lib/errors.ts";
import { problem, statusOf } from "../../src/server/errors.ts";

const parse = (reply: { body: unknown }) =>
  JSON.parse(new TextDecoder().decode(reply.body as Uint8Array));

Deno.test("every code has a status of an error", () => {
  for (const code of errorCodes) ok(statusOf(code) >= 400 && statusOf(code) < 600, code);
});

Deno.test("a problem says what is wrong, in the form of RFC 9457", () => {
  const reply = problem(new PlasmdError("not_found", "No such route", { hint: "look elsewhere" }));
  equal(reply.headers["Content-Type"], "application/problem+json");
  deepEqual(parse(reply), {
    type: "about:blank",
    title: "Not Found",
    status: 404,
    code: "not_found",
    detail: "No such route",
    hint: "look elsewhere",
  });
});

Deno.test("what went wrong inside is told to nobody", () => {
  for (
    const thrown of [
      new PlasmdError("io", 'Cannot read "/srv/secret"', { hint: "chmod /srv/secret" }),
      new PlasmdError("permission", 'Cannot read "/srv/secret"'),
      new TypeError("/srv/secret is undefined"),
      "/srv/secret",
    ]
  ) {
    const reply = problem(thrown);
    equal(reply.status, 500);
    ok(!JSON.stringify(parse(reply)).includes("secret"));
  }
});

Deno.test("what passes by itself says when to come back", () => {
  equal(problem(new PlasmdError("not_ready", "Not yet")).headers["Retry-After"], "2");
  equal(problem(new PlasmdError("internal", "x")).headers["Retry-After"], undefined);
});

Deno.test("a status of the same kind can be chosen", () => {
  const reply = problem(new PlasmdError("too_large", "The target is too long"), { status: 414 });
  deepEqual([reply.status, parse(reply).title, parse(reply).status], [414, "URI Too Long", 414]);
});
