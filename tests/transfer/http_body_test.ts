import assert from "node:assert/strict";
import fc from "fast-check";
import { PlasmdError } from "../../src/lib/errors.ts";
import { type ByteSource, makeWire, openBody } from "../../src/transfer/http_body.ts";
import type { Framing } from "../../src/transfer/http_head.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** A source that gives the bytes in pieces of these sizes, over and over. */
function pieces(bytes: Uint8Array, sizes: readonly number[] = [7]): ByteSource {
  let at = 0;
  let turn = 0;
  return {
    read(into) {
      if (at === bytes.length) return Promise.resolve(null);
      const size = Math.min(sizes[turn++ % sizes.length]!, into.length, bytes.length - at);
      into.set(bytes.subarray(at, at + size));
      at += size;
      return Promise.resolve(size);
    },
  };
}

async function bodyOf(bytes: Uint8Array, framing: Framing, sizes?: number[]): Promise<Uint8Array> {
  const body = openBody(makeWire(pieces(bytes, sizes), 64), framing);
  const parts: number[] = [];
  const buffer = new Uint8Array(10);
  for (let read = await body.read(buffer); read !== null; read = await body.read(buffer)) {
    parts.push(...buffer.subarray(0, read));
  }
  assert.equal(await body.read(buffer), null, "the end stays the end");
  return Uint8Array.from(parts);
}

const textOf = async (text: string, framing: Framing, sizes?: number[]) =>
  new TextDecoder().decode(await bodyOf(encode(text), framing, sizes));

const fails = (code: string) => (thrown: unknown) =>
  thrown instanceof PlasmdError && thrown.code === code;

Deno.test("a line is found across reads, and what follows stays", async () => {
  for (const size of [1, 2, 3, 100]) {
    const wire = makeWire(pieces(encode("one\r\n\r\nrest"), [size]), 64);
    assert.deepEqual(await wire.until("\r\n\r\n", 64), encode("one\r\n\r\n"));
    const rest = new Uint8Array(4);
    for (let at = 0; at < 4;) at += (await wire.read(rest.subarray(at)))!;
    assert.deepEqual(rest, encode("rest"));
  }
});

Deno.test("headers above the limit are refused", async () => {
  const endless = makeWire(pieces(encode("x".repeat(1000))), 64);
  await assert.rejects(endless.until("\r\n", 64), fails("bad_source"));
  const long = makeWire(pieces(encode(`${"x".repeat(40)}\r\n`)), 64);
  await assert.rejects(long.until("\r\n", 20), fails("bad_source"));
});

Deno.test("a connection that ends before the headers do is unreachable", async () => {
  await assert.rejects(makeWire(pieces(encode("")), 64).until("\r\n", 64), fails("unreachable"));
  await assert.rejects(
    makeWire(pieces(encode("HTTP")), 64).until("\r\n", 64),
    fails("unreachable"),
  );
});

Deno.test("a body of a known length ends there, whatever follows", async () => {
  assert.equal(await textOf("hello and more", { kind: "length", length: 5 }), "hello");
  assert.equal(await textOf("x", { kind: "length", length: 0 }), "");
});

Deno.test("a body that ends early is an error", async () => {
  await assert.rejects(textOf("hell", { kind: "length", length: 5 }), fails("unreachable"));
  await assert.rejects(textOf("5\r\nhell", { kind: "chunked" }), fails("unreachable"));
  await assert.rejects(textOf("5\r\nhello\r\n", { kind: "chunked" }), fails("unreachable"));
});

Deno.test("a body without a length ends with the connection", async () => {
  assert.equal(await textOf("all of it", { kind: "close" }), "all of it");
});

Deno.test("a chunked body is put together", async () => {
  const text = "5\r\nhello\r\nA;name=value\r\n, 10 bytes\r\n0\r\nTrailer: x\r\n\r\n";
  for (const size of [1, 3, 50]) {
    assert.equal(await textOf(text, { kind: "chunked" }, [size]), "hello, 10 bytes");
  }
});

const badChunked = [
  ["no size", "\r\nhello"],
  ["a negative size", "-5\r\nhello\r\n0\r\n\r\n"],
  ["a size in other digits", "0x5\r\nhello\r\n0\r\n\r\n"],
  ["a huge size", `${"f".repeat(13)}\r\nhello`],
  ["too few bytes in the chunk", "4\r\nhello\r\n0\r\n\r\n"],
  ["a bare newline", "5\nhello\n0\n\n"],
  ["a size that never ends", "5;".padEnd(5000, "x")],
] as const;

for (const [what, text] of badChunked) {
  Deno.test(`a chunked body with ${what} is refused`, async () => {
    await assert.rejects(
      textOf(text, { kind: "chunked" }),
      (thrown: unknown) =>
        thrown instanceof PlasmdError && ["bad_source", "unreachable"].includes(thrown.code),
    );
  });
}

Deno.test("any bytes in any chunks and reads come out as they were", async () => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 12 });
  const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 });
  await fc.assert(fc.asyncProperty(chunks, sizes, async (parts, reads) => {
    const wire = parts.flatMap((
      part,
    ) => [...encode(`${part.length.toString(16)}\r\n`), ...part, 13, 10]);
    const sent = Uint8Array.from([...wire, ...encode("0\r\n\r\n")]);
    const whole = Uint8Array.from(parts.flatMap((part) => [...part]));
    assert.deepEqual(await bodyOf(sent, { kind: "chunked" }, reads), whole);
  }));
});

Deno.test("no bytes make the reader fail in another way", async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
    await bodyOf(bytes, { kind: "chunked" }).catch((thrown) =>
      assert.ok(thrown instanceof PlasmdError, String(thrown))
    );
  }));
});
