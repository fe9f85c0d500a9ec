import { equal, ok } from "node:assert/strict";
import { makeBuffers } from "../../src/server/buffers.ts";

const limits = { bufferBytes: 512, smallBufferBytes: 64, largeBuffers: 2, buffersKept: 1 };

Deno.test("a buffer that was given back is lent again", () => {
  const buffers = makeBuffers(limits);
  const first = buffers.take(1000);
  first.release(true);
  equal(buffers.take(1000).bytes, first.bytes);
});

Deno.test("a buffer in which something may still be going on is never lent again", () => {
  const buffers = makeBuffers(limits);
  const first = buffers.take(1000);
  first.release(false);
  ok(buffers.take(1000).bytes !== first.bytes);
});

Deno.test("two borrowers never share a buffer", () => {
  const buffers = makeBuffers(limits);
  const lent = new Set([1, 2, 3, 4, 5, 6].map((n) => buffers.take(n * 100).bytes));
  equal(lent.size, 6);
});

Deno.test("beyond the large buffers there are small ones, until one is given back", () => {
  const buffers = makeBuffers(limits);
  const sizes = [1, 2, 3].map(() => buffers.take(1000));
  equal(sizes.map(({ bytes }) => bytes.length).join(), "512,512,64");
  sizes[0]!.release(false);
  equal(buffers.take(1000).bytes.length, 512);
});

Deno.test("a small transfer takes a small buffer", () => {
  equal(makeBuffers(limits).take(64).bytes.length, 64);
});

Deno.test("no more buffers are kept than the limit", () => {
  const buffers = makeBuffers(limits);
  const [a, b] = [buffers.take(1000), buffers.take(1000)];
  a.release(true);
  b.release(true);
  equal(buffers.take(1000).bytes, a.bytes);
  ok(buffers.take(1000).bytes !== b.bytes);
});
