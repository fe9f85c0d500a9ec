import assert from "node:assert/strict";
import fc from "fast-check";
import { bytesText, durationText, escapeControls, printable } from "../../src/lib/text.ts";

Deno.test("control, bidi and escape characters of a peer are printed as escapes", () => {
  assert.equal(printable("a\x1b[31mb"), "a\\u{1b}[31mb");
  assert.equal(printable("a\u202eb\u2066c"), "a\\u{202e}b\\u{2066}c");
  assert.equal(printable("a\nb\u0085c\x7f"), "a\\u{a}b\\u{85}c\\u{7f}");
  assert.equal(printable("Grüße 你好 🎉"), "Grüße 你好 🎉");
});

Deno.test("a long string of a peer is cut", () => {
  assert.equal(printable("x".repeat(201)), "x".repeat(200) + "...");
  assert.equal(printable("x".repeat(200)), "x".repeat(200));
});

Deno.test("no text of a peer leaves a control character", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
    assert.doesNotMatch(escapeControls(text), /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
  }));
});

Deno.test("bytes are shown in binary units", () => {
  assert.deepEqual([0, 512, 1024, 1536, 8 << 20, 1.5 * 2 ** 40].map(bytesText), [
    "0 B",
    "512 B",
    "1 KiB",
    "1.5 KiB",
    "8 MiB",
    "1.5 TiB",
  ]);
});

Deno.test("durations are shown in their two largest units", () => {
  assert.deepEqual([0, 850, 1000, 200_000, 7_500_000, 273_600_000].map(durationText), [
    "0 ms",
    "850 ms",
    "1 s",
    "3 min 20 s",
    "2 h 5 min",
    "3 d 4 h",
  ]);
});
