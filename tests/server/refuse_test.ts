import { equal } from "node:assert/strict";
import fc from "fast-check";
import { serverLimits } from "../../src/lib/limits.ts";
import { hasBody, unacceptable } from "../../src/server/acceptable.ts";
import { parserReply } from "../../src/server/refuse.ts";

const packet = (text: string) => new TextEncoder().encode(text);
const judge = (code: string, text: string, { parsed = 0, read = text.length } = {}) =>
  parserReply({ code, bytesParsed: parsed, rawPacket: packet(text) }, read)?.status;

Deno.test("what the parser refuses gets the status that says why", () => {
  equal(judge("HPE_HEADER_OVERFLOW", `GET /${"a".repeat(50)}`), 414);
  equal(judge("HPE_HEADER_OVERFLOW", "GET / HTTP/1.1\r\nX: aaa"), 431);
  equal(judge("HPE_HEADER_OVERFLOW", "aaaa", { read: 100_000 }), 431);
  equal(judge("HPE_ERROR", "BREW /pot HTTP/1.1\r\n", { parsed: 1 }), 405);
  equal(judge("HPE_INVALID_METHOD", "BREW /pot HTTP/1.0\r\n", { parsed: 1 }), 405);
  equal(judge("HPE_ERROR", "BREW /pot HTTP/1.1\r\n", { parsed: 12 }), 400);
  equal(judge("HPE_ERROR", "BREW /pot SMTP/1.1\r\n", { parsed: 1 }), 400);
  equal(judge("HPE_ERROR", "\x16\x03\x01"), 400);
});

Deno.test("a request that took too long is 408, a connection that asked nothing hears nothing", () => {
  equal(parserReply({ code: "ERR_HTTP_REQUEST_TIMEOUT" }, 10)?.status, 408);
  equal(parserReply({ code: "ERR_HTTP_REQUEST_TIMEOUT" }, 0), undefined);
  equal(parserReply({ code: "ECONNRESET" }, 10), undefined);
  equal(parserReply({}, 10), undefined);
});

Deno.test("whatever the packet holds, it is refused as the client's fault", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.nat(300), (text, parsed) => {
    const status = judge("HPE_ERROR", text, { parsed });
    equal(status === 400 || status === 405, true);
  }));
});

const request = (headers: Record<string, string>, httpVersion = "1.1", url = "/") => ({
  httpVersion,
  url,
  headers,
  rawHeaders: Object.entries(headers).flat(),
});
const verdict = (...args: Parameters<typeof request>) =>
  unacceptable(request(...args), serverLimits)?.status;

Deno.test("an ordinary request is accepted", () => {
  equal(verdict({ host: "x" }), undefined);
  equal(verdict({}, "1.0"), undefined);
  equal(verdict({ host: "x", "content-length": "65536" }), undefined);
  equal(verdict({ host: "x", "transfer-encoding": "Chunked" }), undefined);
});

Deno.test("version, target, headers and framing have their own refusals", () => {
  equal(verdict({ host: "x" }, "2.0"), 505);
  equal(verdict({ host: "x" }, "0.9"), 505);
  equal(verdict({ host: "x" }, "1.1", `/${"a".repeat(2048)}`), 414);
  equal(verdict(Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x${i}`, "a"]))), 431);
  equal(verdict({}), 400);
  equal(verdict({ host: "x", "transfer-encoding": "gzip, chunked" }), 400);
  equal(verdict({ "transfer-encoding": "chunked" }, "1.0"), 400);
  equal(verdict({ host: "x", "transfer-encoding": "chunked", "content-length": "1" }), 400);
  equal(verdict({ host: "x", "content-length": "65537" }), 413);
});

Deno.test("only a length or a coding announces a body", () => {
  equal(hasBody({ headers: {} }), false);
  equal(hasBody({ headers: { "content-length": "0" } }), false);
  equal(hasBody({ headers: { "content-length": "1" } }), true);
  equal(hasBody({ headers: { "transfer-encoding": "chunked" } }), true);
});
