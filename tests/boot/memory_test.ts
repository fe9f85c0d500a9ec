/**
 * @module
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import fc from "fast-check";
import {
  type ArtifactSizes,
  handedOver,
  type Holding,
  liesInMemory,
  type Memory,
  parseMeminfo,
  readMemory,
  requireMemory,
  requireRoom,
} from "../../src/boot/memory.ts";
import { PlasmdError } from "../../src/lib/errors.ts";

const MiB = 1024 * 1024;
const inMemory: Holding = { inMemory: true, removed: true };
const onDisk: Holding = { inMemory: false, removed: false };
const small: ArtifactSizes = { kernel: 14 * MiB, initramfs: 60 * MiB };
const debian: ArtifactSizes = { ...small, rootfs: 200 * MiB };

/** A machine with so many MiB, of which a kernel and an image take some. */
function machine(total: number, available = total * 0.7): Memory {
  return { total: total * MiB, available: available * MiB };
}

function refused(run: () => void): PlasmdError {
  let error: unknown;
  assert.throws(run, (thrown) => (error = thrown, thrown instanceof PlasmdError));
  assert.equal((error as PlasmdError).code, "unsupported");
  return error as PlasmdError;
}

Deno.test("the kernel's account of its memory is read", () => {
  const text = "MemTotal:         487564 kB\nMemFree:  1 kB\nMemAvailable:     301248 kB\n";
  assert.deepEqual(parseMeminfo(text), { total: 487564 * 1024, available: 301248 * 1024 });
});

Deno.test("an account without the needed lines is refused", () => {
  for (const text of ["", "MemTotal: 1 kB\n", "MemTotal: -1 kB\nMemAvailable: 1 kB", "\0"]) {
    assert.match(refused(() => parseMeminfo(text)).message, /no Mem(Total|Available)/);
  }
});

Deno.test({
  name: "this machine has memory, and tells tmpfs from a disk",
  ignore: !existsSync("/proc/meminfo") || !existsSync("/dev/shm"),
  async fn() {
    const { total, available } = await readMemory();
    assert.ok(total > 64 * MiB && available > 0 && available <= total);
    assert.equal(await liesInMemory("/dev/shm"), true);
    assert.equal(await liesInMemory("/proc"), false);
  },
});

Deno.test("256 MB are refused by name, 512 MB are enough", () => {
  // What is left of 256 and 512 MB for MemTotal, once a kernel took its own.
  const { message } = refused(() => requireMemory(machine(221)));
  assert.equal(
    message,
    "Cannot boot here: the machine has 221 MiB of memory, 384 MiB are needed",
  );
  requireMemory(machine(461));
});

Deno.test("an image with an initramfs fits into 512 MB", () => {
  requireRoom(small, machine(461, 300), inMemory);
});

Deno.test("a rootfs larger than memory is refused before anything is fetched", () => {
  for (const holding of [inMemory, onDisk]) {
    const sizes = { ...small, rootfs: 1024 * MiB };
    const { message, hint } = refused(() => requireRoom(sizes, machine(987), holding));
    assert.match(
      message,
      /1\.3 GiB of memory are needed to run the image with its rootfs, 987 MiB/,
    );
    assert.match(hint ?? "", /smaller image/);
  }
});

Deno.test("files that don't fit beside what runs are refused, on a disk they do", () => {
  const memory = machine(987, 300);
  assert.match(refused(() => requireRoom(debian, memory, inMemory)).message, /what is fetched/);
  requireRoom(debian, memory, onDisk);
});

Deno.test("a kernel that can't be loaded is refused", () => {
  assert.match(
    refused(() => requireRoom(small, machine(461, 200), onDisk)).message,
    /to load the kernel, 200 MiB are there/,
  );
});

Deno.test("with room, all is handed over, what is needed most first", () => {
  assert.deepEqual(handedOver(debian, machine(1987, 1500), inMemory), [
    "rootfs",
    "initramfs",
    "kernel",
  ]);
  assert.deepEqual(handedOver(small, machine(987, 700), inMemory), ["initramfs", "kernel"]);
});

Deno.test("where memory is short, some are left out", () => {
  assert.deepEqual(handedOver(small, machine(461, 260), inMemory), ["kernel"]);
  assert.deepEqual(handedOver(small, machine(461, 100), inMemory), []);
});

Deno.test("without an initramfs there is nothing to append to", () => {
  assert.deepEqual(handedOver({ kernel: MiB }, machine(8000), inMemory), []);
});

Deno.test("more memory never refuses what fitted, nor leaves out a rootfs that went along", () => {
  const size = fc.integer({ min: 1, max: 600 }).map((mib) => mib * MiB);
  const sizes = fc.record({ kernel: size, initramfs: size, rootfs: size });
  const mib = fc.integer({ min: 100, max: 4000 });
  const holding = fc.constantFrom(inMemory, onDisk, { inMemory: true, removed: false });
  fc.assert(fc.property(sizes, mib, mib, holding, (sizes, total, more, holding) => {
    const less = machine(total);
    const larger = machine(total + more);
    if (fits(sizes, less, holding)) assert.ok(fits(sizes, larger, holding));
    assert.ok(first(sizes, less, holding) <= first(sizes, larger, holding));
  }));
});

function fits(sizes: ArtifactSizes, memory: Memory, holding: Holding): boolean {
  try {
    requireRoom(sizes, memory, holding);
    return true;
  } catch {
    return false;
  }
}

/** Whether the rootfs, the most needed, is handed over. */
function first(sizes: ArtifactSizes, memory: Memory, holding: Holding): number {
  return handedOver(sizes, memory, holding).includes("rootfs") ? 1 : 0;
}
