import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { kexecLoader, readMachineLayout } from "../../../src/boot/kexec_load/loader.ts";
import { openSealed } from "../../../src/boot/sealed.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { arm64Kernel, smallTree } from "../../support/arm64.ts";
import { fakeLibc } from "../../support/fake_libc.ts";
import { tempDirectory } from "../../support/temp.ts";

const layout = { iomem: "40000000-7fffffff : System RAM\n", tree: smallTree };
const random = (bytes: number) => new Uint8Array(bytes);

Deno.test("asking whether kexec works loads nothing and drops nothing", () => {
  const libc = fakeLibc();
  kexecLoader(libc, layout, random).probe();
  assert.deepEqual(libc.placed, []);
  assert.deepEqual(libc.calls, ["kexec_load 104"]);
});

Deno.test("a kernel of another kind is refused before anything is placed", () => {
  const libc = fakeLibc();
  const kernel = openSealed(libc, "kernel");
  kernel.append(new Uint8Array(5000));
  assert.throws(
    () => kexecLoader(libc, layout, random).load({ kernel: kernel.seal(), cmdline: "" }),
    (thrown) => thrown instanceof PlasmdError && /no arm64 kernel/.test(thrown.message),
  );
  assert.deepEqual(libc.placed, []);
});

Deno.test("the placed kernel is the sealed one, byte for byte", () => {
  const libc = fakeLibc();
  const bytes = arm64Kernel(100_000, 5000);
  const kernel = openSealed(libc, "kernel");
  kernel.append(bytes);
  kexecLoader(libc, layout, random).load({ kernel: kernel.seal(), cmdline: "quiet" });
  assert.deepEqual(libc.placed[0]?.segments[0]?.bytes, bytes);
  assert.equal(libc.placed[0]?.segments.at(-1)?.at, libc.placed[0]?.entry);
});

Deno.test("a machine's memory and tree are read where it has both", async () => {
  await using root = await tempDirectory();
  assert.equal(await readMachineLayout(root.path), undefined);
  await fs.mkdir(root.join("proc"));
  await fs.mkdir(root.join("sys/firmware"), { recursive: true });
  await fs.writeFile(root.join("proc/iomem"), layout.iomem);
  assert.equal(await readMachineLayout(root.path), undefined);
  await fs.writeFile(root.join("sys/firmware/fdt"), smallTree);
  const read = await readMachineLayout(root.path);
  assert.equal(read?.iomem, layout.iomem);
  assert.deepEqual(new Uint8Array(read!.tree), new Uint8Array(smallTree));
});
