import assert from "node:assert/strict";
import { median, withSection } from "./performance_page.ts";

Deno.test("a first section makes the page", () => {
  const page = withSection("", "start", { title: "Start", markdown: "1 ms\n" });
  assert.match(page, /^# Performance\n/);
  assert.match(page, /<!-- bench: start -->\n\n## Start\n\n1 ms\n\n<!-- end: start -->\n$/);
});

Deno.test("a section that is measured again replaces its last one and no other", () => {
  const first = withSection("", "start", { title: "Start", markdown: "1 ms" });
  const both = withSection(first, "hash", { title: "Hash", markdown: "2 GB/s" });
  const again = withSection(both, "start", { title: "Start", markdown: "3 ms $& $1" });
  assert.ok(again.includes("3 ms $& $1") && !again.includes("1 ms"));
  assert.ok(again.includes("2 GB/s"));
  assert.ok(again.indexOf("## Start") < again.indexOf("## Hash"), "in its old place");
});

Deno.test("the median is the middle one, or between the two in the middle", () => {
  assert.equal(median([9, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 9]), 3);
});
