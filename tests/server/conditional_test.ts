import { equal } from "node:assert/strict";
import fc from "fast-check";
import { evaluate, rangeCounts } from "../../src/server/conditional.ts";
import { httpDate } from "../../src/server/http_date.ts";

const modified = Date.UTC(2025, 10, 26, 12, 0, 0) + 345;
const now = modified + 86_400_000;
const it = { etag: '"abc"', modified };
const judge = (headers: Record<string, string>) => evaluate(headers, it, now);

Deno.test("a client that has these bytes is told so", () => {
  for (const tags of ['"abc"', 'W/"abc"', '"x", "abc"', '"x","y" , W/"abc"', "*", '"a,b", "abc"']) {
    equal(judge({ "if-none-match": tags }), "not_modified", tags);
  }
});

Deno.test("a client that has other bytes gets these", () => {
  for (
    const tags of ['"x"', "abc", '""', '"abc', 'abc"', '"ab", "c"', '"abc""x"'.slice(0, 4), ""]
  ) {
    equal(judge({ "if-none-match": tags }), "proceed", tags);
  }
});

Deno.test("If-Match compares strongly", () => {
  equal(judge({ "if-match": '"abc"' }), "proceed");
  equal(judge({ "if-match": "*" }), "proceed");
  equal(judge({ "if-match": 'W/"abc"' }), "failed");
  equal(judge({ "if-match": '"x"' }), "failed");
});

Deno.test("dates count to the second, and only where no tag is given", () => {
  const [before, same] = [httpDate(modified - 1000), httpDate(modified)];
  equal(judge({ "if-modified-since": same }), "not_modified");
  equal(judge({ "if-modified-since": before }), "proceed");
  equal(judge({ "if-modified-since": same, "if-none-match": '"x"' }), "proceed");
  equal(judge({ "if-unmodified-since": same }), "proceed");
  equal(judge({ "if-unmodified-since": before }), "failed");
  equal(judge({ "if-unmodified-since": before, "if-match": '"abc"' }), "proceed");
  equal(judge({ "if-modified-since": "yesterday", "if-unmodified-since": "tomorrow" }), "proceed");
});

Deno.test("If-Match is judged before If-None-Match", () => {
  equal(judge({ "if-match": '"x"', "if-none-match": '"abc"' }), "failed");
  equal(judge({ "if-match": '"abc"', "if-none-match": '"abc"' }), "not_modified");
});

Deno.test("If-Range takes the strong tag or the exact date", () => {
  equal(rangeCounts(undefined, it, now), true);
  equal(rangeCounts('"abc"', it, now), true);
  equal(rangeCounts('W/"abc"', it, now), false);
  equal(rangeCounts('"x"', it, now), false);
  equal(rangeCounts(httpDate(modified), it, now), true);
  equal(rangeCounts(httpDate(modified + 1000), it, now), false);
  equal(rangeCounts("abc", it, now), false);
});

Deno.test("a date within the second of the change is no strong validator", () => {
  equal(rangeCounts(httpDate(modified), it, modified + 500), false);
});

Deno.test("no header makes the evaluation fail, and only a tag of ours says not modified", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(fc.property(text, text, (a, b) => {
    const answer = judge({ "if-none-match": a, "if-modified-since": b });
    if (!a.includes('"abc"') && a.trim() !== "*") equal(answer, "proceed");
  }));
});
