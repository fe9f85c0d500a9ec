import assert from "node:assert/strict";
import fc from "fast-check";
import { PlasmdError } from "../../src/lib/errors.ts";
import { framingOf, parseContentRange, parseHead } from "../../src/transfer/http_head.ts";

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const isBad = (thrown: unknown) => thrown instanceof PlasmdError && thrown.code === "bad_source";

Deno.test("a response's status and headers are read", () => {
  const head = parseHead(bytes('HTTP/1.1 206 Partial\r\nETag:  "x" \r\nContent-Length: 5\r\n\r\n'));
  assert.equal(head.status, 206);
  assert.equal(head.headers.get("etag"), '"x"');
  assert.deepEqual(framingOf(head), { kind: "length", length: 5 });
});

Deno.test("HTTP/1.0 and a missing reason are understood", () => {
  assert.equal(parseHead(bytes("HTTP/1.0 200\r\n\r\n")).status, 200);
  assert.equal(parseHead(bytes("HTTP/1.1 200 \r\n\r\n")).status, 200);
});

Deno.test("repeated headers are joined", () => {
  const head = parseHead(bytes("HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\n\r\n"));
  assert.equal(head.headers.get("a"), "1, 2");
});

const badHeads = [
  ["no end", "HTTP/1.1 200 OK\r\n"],
  ["another protocol", "SSH-2.0-OpenSSH\r\n\r\n"],
  ["HTTP/2", "HTTP/2 200 OK\r\n\r\n"],
  ["HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"],
  ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
  ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
  ["a status above 599", "HTTP/1.1 600 OK\r\n\r\n"],
  ["two spaces", "HTTP/1.1  200 OK\r\n\r\n"],
  ["a space before the colon", "HTTP/1.1 200 OK\r\nA : 1\r\n\r\n"],
  ["a folded line", "HTTP/1.1 200 OK\r\nA: 1\r\n 2\r\n\r\n"],
  ["no colon", "HTTP/1.1 200 OK\r\nA\r\n\r\n"],
  ["no name", "HTTP/1.1 200 OK\r\n: 1\r\n\r\n"],
  ["NUL in a value", "HTTP/1.1 200 OK\r\nA: 1\0\r\n\r\n"],
  ["a bare newline in a value", "HTTP/1.1 200 OK\r\nA: 1\nB: 2\r\n\r\n"],
  ["an escape in a value", "HTTP/1.1 200 OK\r\nA: \x1b[2J\r\n\r\n"],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
  ["the same length twice", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"],
  ["two ranges", "HTTP/1.1 206 P\r\nContent-Range: bytes 0-1/2\r\nContent-Range: x\r\n\r\n"],
  [
    "length and chunked",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
  ],
] as const;

for (const [what, text] of badHeads) {
  Deno.test(`a response with ${what} is refused`, () => {
    assert.throws(() => parseHead(bytes(text)), isBad);
  });
}

Deno.test("what a peer sent is escaped in the message", () => {
  assert.throws(
    () => parseHead(bytes("\x1b[2Jevil\r\n\r\n")),
    (thrown: Error) => !thrown.message.includes("\x1b") && thrown.message.includes("evil"),
  );
});

Deno.test("a body ends by length, by chunks or with the connection", () => {
  const framing = (headers: string, status = 200) =>
    framingOf(parseHead(bytes(`HTTP/1.1 ${status} x\r\n${headers}\r\n`)));
  assert.deepEqual(framing("Content-Length: 0\r\n"), { kind: "length", length: 0 });
  assert.deepEqual(framing("Transfer-Encoding: Chunked\r\n"), { kind: "chunked" });
  assert.deepEqual(framing(""), { kind: "close" });
  assert.deepEqual(framing("Content-Length: 9\r\n", 204), { kind: "length", length: 0 });
  assert.deepEqual(framing("Content-Length: 9\r\n", 304), { kind: "length", length: 0 });
});

for (const value of ["-1", "+1", "1e3", "0x10", "", "1, 1", "9".repeat(16), "1 2", "NaN"]) {
  Deno.test(`a length of "${value}" is refused`, () => {
    const head = parseHead(bytes(`HTTP/1.1 200 OK\r\nContent-Length: ${value}\r\n\r\n`));
    assert.throws(() => framingOf(head), isBad);
  });
}

for (const value of ["gzip", "gzip, chunked", "chunked, chunked", "identity", "chunked;x"]) {
  Deno.test(`a transfer encoding of "${value}" is refused`, () => {
    const head = parseHead(bytes(`HTTP/1.1 200 OK\r\nTransfer-Encoding: ${value}\r\n\r\n`));
    assert.throws(() => framingOf(head), isBad);
  });
}

Deno.test("a Content-Range is read", () => {
  assert.deepEqual(parseContentRange("bytes 0-0/1"), { start: 0, end: 1, size: 1 });
  assert.deepEqual(parseContentRange("bytes 5-9/*"), { start: 5, end: 10 });
});

const badRanges = [
  undefined,
  "",
  "bytes */10",
  "bytes 5-4/10",
  "bytes 0-10/10",
  "bytes -1-2/10",
  "items 0-1/10",
  "bytes 0-1",
  "bytes 0-1/10, bytes 2-3/10",
  `bytes 0-1/${"9".repeat(16)}`,
];

Deno.test("anything else than one right Content-Range is none", () => {
  for (const text of badRanges) assert.equal(parseContentRange(text), undefined, text);
});

Deno.test("no bytes make the parser fail in another way", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "HTTP/1.1 200 OK",
      "\r\n",
      "\r\n\r\n",
      ":",
      "Content-Length",
      "A: 1",
      " ",
      "\0",
    ),
    fc.string({ unit: "binary" }).map((text) => text.replace(/[^\0-\xff]/g, "")),
  );
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    try {
      const head = parseHead(bytes(pieces.join("")));
      framingOf(head);
      parseContentRange(head.headers.get("content-range"));
    } catch (thrown) {
      assert.ok(isBad(thrown), String(thrown));
    }
  }));
});
