import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalBytes, checkValue, parseCanonical } from "../../src/formats/json.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { vectorPath, vectorsMissing } from "../support/vectors.ts";

const options = { what: "note", max: 1000 };
const encode = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => parseCanonical(encode(text), options);

function refused(input: string | Uint8Array, message: RegExp, max = 1_000_000) {
  const bytes = typeof input === "string" ? encode(input) : input;
  assert.throws(() => parseCanonical(bytes, { what: "note", max }), { code: "malformed", message });
}

Deno.test({
  name: "every RFC 8785 vector has the canonical form that it should have",
  ignore: vectorsMissing("jcs"),
  async fn() {
    const names = [...Deno.readDirSync(vectorPath("jcs/input"))].map(({ name }) => name);
    assert.equal(names.length, 6);
    for (const name of names) {
      const input = await Deno.readTextFile(vectorPath(`jcs/input/${name}`));
      const hex = await Deno.readTextFile(
        vectorPath(`jcs/outhex/${name.replace(".json", ".txt")}`),
      );
      const canonical = canonicalBytes(JSON.parse(input));
      assert.deepEqual(canonical, await Deno.readFile(vectorPath(`jcs/output/${name}`)), name);
      assert.equal(canonical.toHex(), hex.replace(/\s/g, ""), name);
    }
  },
});

Deno.test("a canonical object is read, and frozen all through", () => {
  const value = parse('{"a":[1,{"b":null}],"c":"\u00e9","d":-5,"e":true}');
  assert.deepEqual(value, { a: [1, { b: null }], c: "\u00e9", d: -5, e: true });
  assert.ok(Object.isFrozen(value) && Object.isFrozen(value.a));
  assert.ok(Object.isFrozen((value.a as unknown[])[1]));
});

Deno.test("any object of whole numbers and text survives, and only in its one spelling", () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.string({ unit: "grapheme" }),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(
        fc.string({ unit: "grapheme" }).filter((k) => k !== "__proto__"),
        tie("value"),
        {
          maxKeys: 4,
          noNullPrototype: true,
        },
      ),
    ),
  })).value;
  fc.assert(fc.property(fc.dictionary(fc.string(), value, { maxKeys: 4 }), (object) => {
    if (Object.hasOwn(object, "__proto__")) return;
    const bytes = canonicalBytes(object);
    const max = 100_000;
    assert.deepEqual(canonicalBytes(parseCanonical(bytes, { what: "note", max })), bytes);
    const spaced = encode(JSON.stringify(object, null, 1));
    if (Object.keys(object).length > 0) {
      assert.throws(() => parseCanonical(spaced, { what: "note", max }), { code: "malformed" });
    }
  }));
});

Deno.test("no bytes make it throw anything but a refusal", () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ maxLength: 200 }).map(encode),
    fc.json().map(encode),
    fc.array(fc.constantFrom(...'{}[]",:\\0123456789eE+-.tfnul ab\u0000'), { maxLength: 60 })
      .map((parts) => encode(`{"a":${parts.join("")}}`)),
  );
  fc.assert(
    fc.property(anything, (bytes) => {
      try {
        const value = parseCanonical(bytes, { what: "note", max: 10_000 });
        assert.deepEqual(canonicalBytes(value), bytes);
      } catch (thrown) {
        assert.ok(thrown instanceof PlasmdError && thrown.code === "malformed", String(thrown));
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("white space, order, escapes and numbers have one spelling", () => {
  const others = [
    '{"a":1}\n',
    ' {"a":1}',
    '{"a": 1}',
    '{"b":1,"a":2}',
    '{"a":1.0}',
    '{"a":1e0}',
    '{"a":10E-1}',
    '{"a":-0}',
    '{"a":"\\u0041"}',
    '{"a":"\\/"}',
    '{"a":"\\u000A"}',
    '{"a":"\\u00E9"}',
    '{"\\u0061":1}',
  ];
  for (const text of others) refused(text, /not in canonical form/);
});

Deno.test("the refusal names the first byte that differs, and how to read the file", () => {
  const expected = { message: /first at byte 5$/, hint: /plasmd manifest show FILE/ };
  const bytes = encode('{"a": 1}');
  assert.throws(() => parseCanonical(bytes, { what: "manifest", max: 1000 }), expected);
  assert.throws(() => parse('{"a": 1}'), { hint: /as it was signed$/ });
  assert.throws(() => parse('{"a":1}\n'), { message: /first at byte 7$/ });
});

Deno.test("a duplicate member is refused, also a nested one and one spelled otherwise", () => {
  refused('{"a":1,"a":1}', /canonical/);
  refused('{"a":1,"a":2}', /canonical/);
  refused('{"x":{"a":1,"a":2}}', /canonical/);
  refused('{"x":[{"y":{"a":1,"b":2,"b":2}}]}', /canonical/);
  refused('{"a":1,"\\u0061":1}', /canonical/);
});

Deno.test("__proto__ is refused as a member at any depth", () => {
  refused('{"__proto__":1}', /"__proto__"/);
  refused('{"__proto__":{"a":1}}', /"__proto__"/);
  refused('{"a":{"__proto__":null}}', /"a" has a member "__proto__"/);
  refused('{"a":[{"b":{"__proto__":[]}}]}', /"a\[0\]\.b" has a member "__proto__"/);
  refused('{"\\u005f_proto__":1}', /"__proto__"/);
  assert.equal(({} as { a?: unknown }).a, undefined);
  // As text, or as other names that objects have, it is harmless.
  const value = parse('{"a":"__proto__","constructor":1,"hasOwnProperty":2,"toString":3}');
  assert.deepEqual(Object.keys(value), ["a", "constructor", "hasOwnProperty", "toString"]);
});

Deno.test("numbers are whole and within 2^53", () => {
  for (const text of ["1.5", "0.1", "1e999", "-1e999", "1e-5", "1e21", "9007199254740994"]) {
    refused(`{"a":[${text}]}`, /"a\[0\]" is no whole number within 2\^53/);
  }
  // One above 2^53 reads as 2^53, and is another text then.
  refused('{"a":9007199254740993}', /canonical/);
  for (const text of ["0", "-1", "9007199254740991", "9007199254740992", "-9007199254740992"]) {
    assert.equal(parse(`{"a":${text}}`).a, Number(text));
  }
});

Deno.test("half a character is refused, in a value and in a name", () => {
  refused('{"a":"\\ud800"}', /"a" holds half a character/);
  refused('{"a":["\\udc00\\ud800"]}', /"a\[0\]" holds half a character/);
  refused('{"\\ud83d":1}', /half a character/);
  assert.equal(parse('{"a":"\u{1f600}"}').a, "\u{1f600}");
});

Deno.test("bytes that are no UTF-8, or start with a byte order mark, are refused", () => {
  refused(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), /not UTF-8/);
  refused(Uint8Array.of(0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d), /not UTF-8/); // overlong
  refused(Uint8Array.of(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d), /not UTF-8/); // surrogate
  refused(Uint8Array.of(0xef, 0xbb, 0xbf, ...encode('{"a":1}')), /not JSON/);
  refused(Uint8Array.of(0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00), /not UTF-8/);
});

Deno.test("what is no object is refused", () => {
  for (const text of ["1", '"a"', "null", "true", "[]", "[{}]"]) refused(text, /not a JSON object/);
  for (
    const text of ["{", "}", "{]", "a", '{"a"}', "{'a':1}", '{"a":01}', "{}{}", "NaN", "\u0000"]
  ) {
    refused(text, /not JSON/);
  }
  refused(new Uint8Array(), /it is empty/);
});

Deno.test("size is checked before anything else", () => {
  const long = encode(`{"a":"${"x".repeat(2 * 1024 * 1024)}"}`);
  refused(long, /size is 2 MiB, limit is 1 MiB/, 1024 * 1024);
  assert.deepEqual(parseCanonical(encode('{"a":1}'), { what: "note", max: 7 }), { a: 1 });
  refused('{"a":1}', /limit is 6 B/, 6);
});

Deno.test("16 levels are read, 17 are not, and 100,000 don't overflow anything", () => {
  const nested = (levels: number) => `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
  parse(nested(16));
  refused(nested(17), /nested deeper than 16/);
  refused(nested(100_000), /nested deeper than 16/);
  refused('{"a":'.repeat(100_000), /nested deeper than 16/);
  refused("[".repeat(100_000), /nested deeper than 16/);
});

Deno.test("brackets within text don't count as levels, and text can't hide any", () => {
  assert.equal(parse(`{"a":"${"[".repeat(50)}"}`).a, "[".repeat(50));
  assert.equal(parse(`{"a":"\\"${"{".repeat(50)}"}`).a, `"${"{".repeat(50)}`);
  assert.equal(parse(`{"a":"\\\\","b":"${"[".repeat(20)}"}`).b, "[".repeat(20));
  refused(`{"a":"\\\\",${'"b":['.repeat(20)}`, /nested deeper/);
  refused(`{"a":[[],[],${"[".repeat(15)}`, /nested deeper/);
  parse('{"a":[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]}');
});

Deno.test("a document to be signed is held to the same rules", () => {
  checkValue({ a: [1, "x", null, true, { b: -2 }] }, "note", "");
  for (const value of [1.5, NaN, Infinity, "\ud800", undefined, () => 1, 1n, { a: 2 ** 54 }]) {
    assert.throws(() => checkValue({ value }, "note", ""), { code: "malformed" });
  }
  const hidden = JSON.parse('{"a":{"__proto__":1}}');
  assert.throws(() => checkValue(hidden, "note", ""), { code: "malformed", message: /__proto__/ });
});

Deno.test("what has no JSON has no canonical form", () => {
  assert.throws(() => canonicalBytes(undefined), TypeError);
});
