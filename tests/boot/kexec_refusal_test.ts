/**
 * @module
 */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  errnos,
  kexecRefusal,
  type KexecState,
  readKexecState,
} from "../../src/boot/kexec_refusal.ts";

const capable = "Name:\tplasmd\nCapEff:\t000001ffffffffff\n";

async function stateOf(files: Record<string, string>): Promise<KexecState> {
  const root = await mkdtemp(join(tmpdir(), "plasmd-kexec-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    return await readKexecState(root);
  } finally {
    await rm(root, { recursive: true });
  }
}

Deno.test("the kernel's state is read from its files", async () => {
  assert.deepEqual(
    await stateOf({
      "sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
      "proc/sys/kernel/kexec_load_disabled": "1\n",
      "proc/self/status": "CapEff:\t00000000a80425fb\n",
    }),
    { lockdown: "integrity", disabled: true, mayReboot: false },
  );
  assert.deepEqual(
    await stateOf({
      "sys/kernel/security/lockdown": "[none] integrity confidentiality\n",
      "proc/sys/kernel/kexec_load_disabled": "0\n",
      "proc/self/status": capable,
    }),
    { lockdown: "none", disabled: false, mayReboot: true },
  );
});

Deno.test("a kernel that says nothing is not taken for one that says no", async () => {
  const state = await stateOf({});
  assert.deepEqual(state, { lockdown: undefined, disabled: undefined, mayReboot: undefined });
});

Deno.test("a refused permission is explained by what the kernel says", () => {
  const cases: [KexecState, RegExp][] = [
    [{ mayReboot: false, disabled: true }, /may not restart the machine/],
    [{ mayReboot: true, disabled: true }, /kexec_load_disabled is set/],
    [{ mayReboot: true, lockdown: "integrity" }, /locked down \(integrity\)/],
    [{ mayReboot: true, lockdown: "none" }, /the kernel forbids it/],
  ];
  for (const [state, why] of cases) {
    const error = kexecRefusal(errnos.EPERM, state);
    assert.match(error.message, why);
    assert.equal(error.code, "permission");
    assert.ok((error.hint ?? "").length > 10);
  }
});

Deno.test("every known errno has its own reason and something to do about it", () => {
  const seen = new Set<string>();
  for (const [name, errno] of Object.entries(errnos)) {
    if (name === "EBADF") continue; // our own mistake; see the unknown one
    const { message, hint } = kexecRefusal(errno, {});
    assert.ok(!seen.has(message), name);
    assert.doesNotMatch(message, /errno/, name);
    assert.ok((hint ?? "").length > 8, name);
    seen.add(message);
  }
});

Deno.test("an unknown errno is shown as a number", () => {
  assert.match(kexecRefusal(9, {}).message, /errno 9/);
});
