/**
 * Machines that start from a stick: UEFI finds it, it finds a provider, and what it boots serves.
 * With Secure Boot firmware and kernel take only what is signed.
 *
 * @module
 */

import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import type { Arch } from "../../src/formats/names.ts";
import type { SigningFiles } from "../../src/boot/media/formats.ts";
import { debianFile } from "../support/debian.ts";
import { executable } from "../support/executable.ts";
import { testImage } from "../support/images.ts";
import {
  arm64Tools,
  freePort,
  fromMachine,
  type LoopPlace,
  loopPlace,
  loopTools,
  publisher,
  quietKernel,
  untilServed,
} from "../support/loop.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { needing, runTool } from "../support/tools.ts";
import { type Firmware, startVm, type Vm } from "../support/vm.ts";

const seconds = 1000;
const console_: Readonly<Record<Arch, string>> = { x86_64: "ttyS0", arm64: "ttyAMA0" };

/** Debian's ovmf and qemu-efi-aarch64; the variables of the secure one hold one key, in db too. */
const firmware: Readonly<Record<"x86_64" | "arm64" | "secure", Firmware>> = {
  x86_64: {
    code: "/usr/share/OVMF/OVMF_CODE_4M.fd",
    variables: "/usr/share/OVMF/OVMF_VARS_4M.fd",
  },
  arm64: { code: "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd" },
  secure: {
    code: "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
    variables: "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd",
    secure: true,
  },
};

/** A stick that asks this provider once and goes off when it fails. */
async function stickFor(
  { arch, directory }: LoopPlace,
  provider: Provider,
  sign?: SigningFiles,
): Promise<string> {
  const stub = arch === "x86_64"
    ? undefined
    : await debianFile("systemd-boot-efi", arch, "usr/lib/systemd/boot/efi/linuxaa64.efi.stub");
  const output = directory.join("stick.img");
  await testImage(output, {
    ...{ arch, stub, sign, format: "disk", trust: [publisher.keyid] },
    exe: await executable(arch === "arm64" ? "linux-arm64" : undefined),
    providers: [fromMachine(provider.origin)],
    cmdline: `console=${console_[arch]} quiet panic=-1 phase.once=1 phase.fail=poweroff ` +
      "phase.serve=1",
  });
  return output;
}

/** Starts a machine from a stick; the port of the host leads to what it will serve. */
function startFromStick(arch: Arch, stick: string, port: number, with_: Firmware): Promise<Vm> {
  const name = `stick-${arch}${with_.secure ? "-secure" : ""}`;
  const forward = [{ host: port, guest: 8080 }];
  return startVm({ name, arch, stick, firmware: with_, forward, memory: 1536 });
}

async function boots(vm: Vm, provider: Provider, port: number): Promise<void> {
  await vm.waitFor(/phase: client image/, 120 * seconds);
  await vm.waitFor(/phase: starting the kernel/, 120 * seconds);
  await vm.waitFor(/phase: this machine was booted by plasmd/, 120 * seconds);
  const served = await untilServed(`http://127.0.0.1:${port}/manifest.json`, 120 * seconds);
  assert.deepEqual(served, await untilServed(`${provider.origin}/manifest.json`, 5 * seconds));
}

function provide(place: LoopPlace): Promise<Provider> {
  const args = ["--arch", place.arch, "--cmdline", quietKernel];
  return startProvider(place.artifacts, place.home, { args });
}

/** The key whose certificate is in the secure firmware, without its passphrase. */
async function firmwareKey({ directory }: LoopPlace): Promise<SigningFiles> {
  const key = directory.join("firmware.key");
  const snakeoil = "/usr/share/ovmf/PkKek-1-snakeoil";
  const pass = ["-passin", "pass:snakeoil"];
  await runTool("openssl", "rsa", "-in", `${snakeoil}.key`, ...pass, "-out", key);
  return { key, cert: `${snakeoil}.pem` };
}

Deno.test(
  "UEFI starts a stick, which boots this machine from a provider, and it serves",
  needing({ tools: loopTools, files: [firmware.x86_64.code] }, async () => {
    await using place = await loopPlace();
    await using provider = await provide(place);
    const port = freePort();
    const stick = await stickFor(place, provider);
    await using vm = await startFromStick("x86_64", stick, port, firmware.x86_64);
    await boots(vm, provider, port);
  }),
);

Deno.test(
  "an arm64 machine starts from its stick, and serves",
  needing({ tools: [...loopTools, ...arm64Tools], files: [firmware.arm64.code] }, async () => {
    await using place = await loopPlace("arm64");
    await using provider = await provide(place);
    const port = freePort();
    const stick = await stickFor(place, provider);
    await using vm = await startFromStick("arm64", stick, port, firmware.arm64);
    await boots(vm, provider, port);
  }),
);

Deno.test(
  "with Secure Boot a signed stick starts and boots a signed kernel; unsigned ones are refused",
  needing(
    { tools: [...loopTools, "sbsign", "sbattach", "openssl"], files: [firmware.secure.code] },
    async (t) => {
      await using place = await loopPlace();
      const sign = await firmwareKey(place);
      const kernel = join(place.artifacts, "vmlinuz");
      const [plain, signed] = ["plain", "signed"].map((name) => place.directory.join(name));
      await fs.copyFile(kernel, plain!);
      // The kernel looks at one signature alone, the first: ours takes the place of Debian's.
      await runTool("sbattach", "--remove", kernel);
      await runTool("sbsign", "--key", sign.key, "--cert", sign.cert, "--output", signed!, kernel);
      await fs.copyFile(signed!, kernel);
      await t.step("a signed stick, a signed kernel", async () => {
        await using provider = await provide(place);
        const port = freePort();
        const stick = await stickFor(place, provider, sign);
        await using vm = await startFromStick("x86_64", stick, port, firmware.secure);
        await boots(vm, provider, port);
      });
      await t.step("a signed stick, a kernel that Debian alone has signed", async () => {
        await fs.copyFile(plain!, kernel);
        await using provider = await provide(place);
        const stick = await stickFor(place, provider, sign);
        await using vm = await startFromStick("x86_64", stick, freePort(), firmware.secure);
        await vm.waitFor(
          /error: Cannot start the new kernel: signatures are enforced/,
          240 * seconds,
        );
        await vm.off(60 * seconds);
      });
      await t.step("an unsigned stick", async () => {
        await using provider = await provide(place);
        const stick = await stickFor(place, provider);
        await using vm = await startFromStick("x86_64", stick, freePort(), firmware.secure);
        await vm.waitFor(/Access Denied/, 120 * seconds);
        assert.doesNotMatch(vm.console(), /phase:/);
      });
    },
  ),
);
