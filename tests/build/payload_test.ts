import assert from "node:assert/strict";
import fc from "fast-check";
import { sha256Hex, toHex } from "../../src/lib/bytes.ts";
import { assemble, type Part } from "../../src/build/payload.ts";

const launcher = new Uint8Array(100).fill(0x7f);

function part(name: string, role: Part["role"], ...packed: Uint8Array[]): Part {
  let at = 0;
  const frames = packed.map((bytes) => {
    const frame = { at, size: bytes.length * 2, packed: bytes };
    at += frame.size;
    return frame;
  });
  return { name, role, size: at, frames };
}

/** Reads an executable as the launcher does. */
function read(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer);
  const trailer = bytes.length - 64;
  const text = (at: number, max: number) =>
    new TextDecoder().decode(bytes.subarray(at, at + max)).replace(/\0.*$/s, "");
  const index = Number(view.getBigUint64(trailer + 8, true));
  const indexSize = Number(view.getBigUint64(trailer + 16, true));
  const [version, parts, frames, argsSize] = [0, 4, 8, 12]
    .map((at) => view.getUint32(index + at, true));
  const framesAt = index + 16 + parts! * 56;
  const argsAt = framesAt + frames! * 64;
  return {
    magic: text(trailer, 8),
    fileSize: Number(view.getBigUint64(trailer + 24, true)),
    digest: toHex(bytes.subarray(trailer + 32, trailer + 64)),
    index: bytes.subarray(index, index + indexSize),
    end: index + indexSize,
    version,
    args: new TextDecoder().decode(bytes.subarray(argsAt, argsAt + argsSize!)),
    parts: Array.from({ length: parts! }, (_, i) => ({
      name: text(index + 16 + i * 56, 32),
      role: view.getUint32(index + 16 + i * 56 + 32, true),
      firstFrame: view.getUint32(index + 16 + i * 56 + 36, true),
      frames: view.getUint32(index + 16 + i * 56 + 40, true),
      size: Number(view.getBigUint64(index + 16 + i * 56 + 48, true)),
    })),
    frames: Array.from({ length: frames! }, (_, i) => {
      const [offset, packed, at, size] = [0, 8, 16, 24]
        .map((field) => Number(view.getBigUint64(framesAt + i * 64 + field, true)));
      return {
        bytes: bytes.slice(offset, offset! + packed!),
        at,
        size,
        digest: toHex(bytes.subarray(framesAt + i * 64 + 32, framesAt + i * 64 + 64)),
      };
    }),
  };
}

Deno.test("what was packed is found again, behind the launcher's own code", () => {
  const bytes = assemble({
    launcher,
    parts: [
      part("ld.so", "loader", new Uint8Array([1, 2, 3])),
      part("runtime", "runtime", new Uint8Array([4]), new Uint8Array([5, 6])),
    ],
    args: ["run", "@"],
  });
  assert.deepEqual(bytes.subarray(0, 100), launcher);
  const { magic, fileSize, version, args, parts, frames, end } = read(bytes);
  assert.deepEqual({ magic, fileSize, version, args }, {
    magic: "PLASMDX1",
    fileSize: bytes.length,
    version: 1,
    args: "run\0@\0",
  });
  assert.equal(end, bytes.length - 64);
  assert.deepEqual(parts, [
    { name: "ld.so", role: 1, firstFrame: 0, frames: 1, size: 6 },
    { name: "runtime", role: 3, firstFrame: 1, frames: 2, size: 6 },
  ]);
  assert.deepEqual(frames.map((frame) => [...frame.bytes]), [[1, 2, 3], [4], [5, 6]]);
  assert.deepEqual(frames.map(({ at, size }) => [at, size]), [[0, 6], [0, 2], [2, 4]]);
});

Deno.test("the index and every frame have their digests, and nothing lies between them", () => {
  fc.assert(fc.property(
    fc.array(fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 4 }), {
      maxLength: 5,
    }),
    (contents) => {
      const parts = contents.map((frames, i) => part(`part${i}`, "library", ...frames));
      const bytes = assemble({ launcher, parts, args: [] });
      const { index, digest, frames } = read(bytes);
      assert.equal(sha256Hex(index), digest);
      for (const frame of frames) assert.equal(sha256Hex(frame.bytes), frame.digest);
      const packed = frames.reduce((sum, frame) => sum + frame.bytes.length, 0);
      assert.equal(bytes.length, 128 + packed + index.length + 64);
    },
  ));
});

Deno.test("a name that is no file name is refused", () => {
  for (const name of ["", ".", "..", "a/b", "/a", "\0", "x".repeat(32), "\u00e4"]) {
    assert.throws(() => assemble({ launcher, parts: [part(name, "library")], args: [] }), {
      name: "RangeError",
    });
  }
});
