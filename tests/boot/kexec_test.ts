/**
 * @module
 */

import assert from "node:assert/strict";
import { type KexecMachine, openKexec } from "../../src/boot/kexec.ts";
import type { MachineLayout } from "../../src/boot/kexec_load/loader.ts";
import type { KexecState } from "../../src/boot/kexec_refusal.ts";
import { openLibc } from "../../src/boot/libc.ts";
import { openSealed } from "../../src/boot/sealed.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { arm64Kernel, smallTree } from "../support/arm64.ts";
import { type FakeLibc, fakeLibc, Restarted } from "../support/fake_libc.ts";

function machineOf(state: KexecState = {}, layout?: MachineLayout): KexecMachine {
  return { state, layout, random: (bytes) => new Uint8Array(bytes).fill(7) };
}

function sealed(libc: FakeLibc, text: string) {
  const writer = openSealed(libc, "file");
  writer.append(new TextEncoder().encode(text));
  return writer.seal();
}

Deno.test("the sealed kernel and initramfs are loaded with their command line, then started", () => {
  const libc = fakeLibc();
  const kexec = openKexec(libc, "x86_64", machineOf());
  kexec.load({
    kernel: sealed(libc, "kernel"),
    initramfs: sealed(libc, "initramfs"),
    cmdline: "console=ttyS0",
  });
  assert.deepEqual(
    libc.loaded.map(({ kernel, initramfs, cmdline }) => [
      new TextDecoder().decode(kernel),
      new TextDecoder().decode(initramfs),
      cmdline,
    ]),
    [["kernel", "initramfs", "console=ttyS0"]],
  );
  assert.throws(() => kexec.start(), Restarted);
  assert.deepEqual(libc.calls, ["kexec_file_load 320", "sync", "reboot 45584543"]);
});

Deno.test("a kernel without an initramfs is loaded without one", () => {
  const libc = fakeLibc();
  openKexec(libc, "arm64", machineOf()).load({ kernel: sealed(libc, "k"), cmdline: "" });
  assert.equal(libc.loaded[0]?.initramfs, undefined);
  assert.deepEqual(libc.calls, ["kexec_file_load 294"]);
});

Deno.test("asking whether kexec works loads nothing", () => {
  const libc = fakeLibc();
  assert.equal(openKexec(libc, "x86_64", machineOf()).obstacle(), undefined);
  assert.deepEqual(libc.loaded, []);
});

Deno.test("what stands in the way is told before anything is loaded", () => {
  const kexec = openKexec(fakeLibc({ load: 38 }), "arm64", machineOf());
  assert.match(kexec.obstacle()?.message ?? "", /built without kexec_file_load/);
});

Deno.test("a refused load and a refused start are explained", () => {
  const unsigned = openKexec(
    fakeLibc({ load: 61 }),
    "x86_64",
    machineOf({ lockdown: "integrity" }),
  );
  const kernel = sealed(fakeLibc(), "k");
  assert.throws(() => unsigned.load({ kernel, cmdline: "" }), (thrown) => {
    assert.ok(thrown instanceof PlasmdError);
    assert.equal(thrown.code, "unsupported");
    assert.match(thrown.message, /signatures are enforced, and the kernel has none/);
    return true;
  });
  assert.throws(
    () => openKexec(fakeLibc({ reboot: 1 }), "x86_64", machineOf({ mayReboot: false })).start(),
    (thrown) => thrown instanceof PlasmdError && thrown.code === "permission",
  );
});

Deno.test("an arm64 kernel without kexec_file_load gets the image placed by us", () => {
  const libc = fakeLibc({ load: 38 });
  const layout = { iomem: "40000000-7fffffff : System RAM\n", tree: smallTree };
  const kexec = openKexec(libc, "arm64", machineOf({}, layout));
  assert.equal(kexec.obstacle(), undefined);
  const kernel = openSealed(libc, "kernel");
  kernel.append(arm64Kernel(0x1_0000, 5000));
  const initramfs = sealed(libc, "initramfs");
  kexec.load({ kernel: kernel.seal(), initramfs, cmdline: "console=ttyAMA0" });
  const [call] = libc.placed;
  assert.equal(call?.flags, 183 << 16);
  assert.equal(call?.segments.length, 4);
  assert.equal(call?.segments[0]?.at, 0x4000_0000);
  assert.deepEqual(call?.segments[1]?.bytes, new TextEncoder().encode("initramfs"));
  assert.throws(() => kexec.start(), Restarted);
});

Deno.test("on x86_64 a kernel without kexec_file_load is refused, whatever else is known", () => {
  const layout = { iomem: "40000000-7fffffff : System RAM\n", tree: smallTree };
  const kexec = openKexec(fakeLibc({ load: 38 }), "x86_64", machineOf({}, layout));
  assert.match(kexec.obstacle()?.message ?? "", /built without kexec_file_load/);
});

Deno.test({
  name: "the real kernel answers the question with yes or with a reason",
  ignore: Deno.build.os !== "linux",
  fn() {
    using libc = openLibc();
    const arch = Deno.build.arch === "aarch64" ? "arm64" : "x86_64";
    const obstacle = openKexec(libc, arch, machineOf()).obstacle();
    if (obstacle !== undefined) {
      assert.match(obstacle.message, /^Cannot start the new kernel: /);
      assert.ok(!obstacle.message.includes("errno"), obstacle.message);
    }
  },
});
