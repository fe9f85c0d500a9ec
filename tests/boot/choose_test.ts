import assert from "node:assert/strict";
import { PlasmdError } from "../../src/lib/errors.ts";
import { choose, nobodyAccepted } from "../../src/boot/choose.ts";
import { testImage } from "../support/image_origin.ts";

const older = testImage({ sequence: 1_764_158_000 }).verified;
const newer = testImage({ sequence: 1_764_158_400 }).verified;
const twin = testImage({ sequence: 1_764_158_400, version: "other" }).verified;
const url = (name: string) => new URL(`http://${name}/manifest.json`);

Deno.test("the highest sequence wins, whoever comes first", () => {
  const choice = choose([
    { url: url("a"), value: older },
    { url: url("b"), value: newer },
    { url: url("c"), value: newer },
  ])!;
  assert.equal(choice.verified, newer);
  assert.deepEqual(choice.urls.map(({ host }) => host), ["b", "c"]);
  assert.deepEqual(choice.others.map(({ error }) => error.message), [
    "serves an older manifest (sequence 1764158000, not 1764158400)",
  ]);
});

Deno.test("of two with one sequence the first wins, and the other is no source", () => {
  const choice = choose([{ url: url("a"), value: newer }, { url: url("b"), value: twin }])!;
  assert.deepEqual(choice.urls.map(({ host }) => host), ["a"]);
  assert.match(choice.others[0]!.error.message, /another manifest with the same sequence/);
});

Deno.test("of nothing nothing is chosen", () => {
  assert.equal(choose([]), undefined);
});

const unreachable = new PlasmdError("unreachable", "cannot be reached: refused");
const untrusted = new PlasmdError("untrusted", "No trusted key has signed", { hint: "pin it" });
const bad = new PlasmdError("bad_source", "answered 404");

Deno.test("one provider's error is said as it is, with who it is", () => {
  const error = nobodyAccepted([{ url: url("a"), error: untrusted }]);
  assert.equal(error.code, "untrusted");
  assert.equal(error.message, "http://a: No trusted key has signed");
  assert.equal(error.hint, "pin it");
});

Deno.test("what verification refused counts more than who couldn't be reached", () => {
  const error = nobodyAccepted([
    { url: url("a"), error: unreachable },
    { url: url("b"), error: bad },
    { url: url("c"), error: untrusted },
  ]);
  assert.equal(error.code, "untrusted");
  for (const line of ["http://a: cannot", "http://b: answered 404", "http://c: No trusted"]) {
    assert.ok(error.message.includes(line), line);
  }
});

Deno.test("where nobody answered, that is the error", () => {
  assert.equal(nobodyAccepted([{ url: url("a"), error: unreachable }]).code, "unreachable");
});
