import assert from "node:assert/strict";
import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { assemble } from "../../../src/build/payload.ts";
import { unpackExecutable } from "../../../src/boot/media/executable.ts";
import { sha256 } from "../../../src/lib/bytes.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";

const launcher = new Uint8Array(100).fill(7);
const args = ["run", "@"];

/** An executable whose parts are packed in frames of this many bytes. */
function executable(parts: Readonly<Record<string, Uint8Array>>, frameBytes = 10) {
  return assemble({
    launcher,
    args,
    parts: Object.entries(parts).map(([name, bytes], i) => ({
      name,
      role: i === 0 ? "loader" : "library",
      size: bytes.length,
      frames: Array.from({ length: Math.ceil(bytes.length / frameBytes) }, (_, n) => {
        const piece = bytes.subarray(n * frameBytes, (n + 1) * frameBytes);
        return { at: n * frameBytes, size: piece.length, packed: zstdCompressSync(piece) };
      }),
    })),
  });
}

const loader = new TextEncoder().encode("the loader's bytes, some of them");
const runtime = new Uint8Array(25).fill(9);

async function refused(bytes: Uint8Array, message: RegExp): Promise<void> {
  await assert.rejects(
    unpackExecutable(bytes, "plasmd"),
    (error) =>
      error instanceof PlasmdError && error.code === "config" && message.test(error.message),
  );
}

Deno.test("every part comes out as it was packed", async () => {
  const names = fc.stringMatching(/^[a-z][a-z0-9.]{0,8}$/);
  const parts = fc.dictionary(names, fc.uint8Array({ minLength: 1, maxLength: 60 }), {
    minKeys: 1,
  });
  await fc.assert(
    fc.asyncProperty(parts, fc.integer({ min: 1, max: 40 }), async (given, frameBytes) => {
      const unpacked = await unpackExecutable(executable(given, frameBytes), "plasmd");
      assert.deepEqual(
        unpacked!.parts.map(({ name, bytes }) => [name, bytes]),
        Object.entries(given).map(([name, bytes]) => [name, bytes]),
      );
    }),
    { numRuns: 30 },
  );
});

Deno.test("the launcher keeps its code and arguments, and names the directory of its parts", async () => {
  const unpacked = await unpackExecutable(executable({ loader, runtime }), "plasmd");
  const { launcher: thin, key } = unpacked!;
  assert.deepEqual(thin.subarray(0, 100), launcher);
  const view = new DataView(thin.buffer, thin.byteOffset);
  const trailer = thin.length - 64;
  assert.equal(new TextDecoder().decode(thin.subarray(trailer, trailer + 8)), "PLASMDX1");
  const [at, size, whole] = [8, 16, 24].map((n) => Number(view.getBigUint64(trailer + n, true)));
  assert.equal(whole, thin.length);
  assert.equal(at! + size!, trailer);
  const index = thin.subarray(at, at! + size!);
  assert.equal(key, sha256(index).toHex().slice(0, 32));
  assert.deepEqual(sha256(index), thin.slice(trailer + 32));
  // Two parts, no frames, and the arguments at the end.
  assert.deepEqual([0, 4, 8].map((n) => view.getUint32(at! + n, true)), [1, 2, 0]);
  assert.equal(new TextDecoder().decode(index.subarray(-6)), "run\0@\0");
});

Deno.test("an executable that was taken apart before is refused", async () => {
  const { launcher: thin } = (await unpackExecutable(executable({ loader }), "plasmd"))!;
  await refused(thin, /it is that of a boot image/);
});

Deno.test("a program without our trailer is none of ours", async () => {
  assert.equal(await unpackExecutable(new Uint8Array(), "x"), undefined);
  assert.equal(await unpackExecutable(new Uint8Array(1000), "x"), undefined);
});

Deno.test("a cut executable, and one with bytes that differ, is refused", async () => {
  const whole = executable({ loader, runtime });
  const longer = new Uint8Array(whole.length + 1);
  longer.set(whole, 1);
  await refused(longer, /it was cut or altered/);
  const packed = whole.slice();
  packed[130]! ^= 1;
  await refused(packed, /its part loader was altered/);
});

Deno.test("no change of a byte behind the code goes unnoticed", async () => {
  const whole = executable({ loader, runtime });
  const { parts } = (await unpackExecutable(whole, "plasmd"))!;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 128, max: whole.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, change) => {
        const altered = whole.slice();
        altered[at]! ^= change;
        try {
          const unpacked = await unpackExecutable(altered, "plasmd");
          // The magic: then it is no executable of ours. Padding is covered by nothing.
          if (unpacked !== undefined) assert.deepEqual(unpacked.parts, parts);
        } catch (thrown) {
          assert.ok(thrown instanceof PlasmdError && thrown.code === "config", String(thrown));
        }
      },
    ),
  );
});
