/**
 * The target system: a Debian that knows nothing of plasmd is booted over the network, comes up with
 * its own systemd, and serves what it was booted from.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { debianRootfs, rootfsTools } from "../support/debian.ts";
import {
  freePort,
  loopPlace,
  loopTools,
  quietKernel,
  startClient,
  untilServed,
} from "../support/loop.ts";
import { startProvider } from "../support/provider.ts";
import { needing } from "../support/tools.ts";

const seconds = 1000;

Deno.test(
  "Debian is booted to its login prompt, and serves kernel, initramfs and itself",
  needing({ tools: [...loopTools, ...rootfsTools], root: true }, async () => {
    await using place = await loopPlace();
    const rootfs = await debianRootfs();
    await Deno.copyFile(rootfs, join(place.artifacts, "rootfs.squashfs"));
    await using host = await startProvider(place.artifacts, place.home, {
      args: ["--cmdline", `${quietKernel} systemd.show_status=0`],
    });
    const manifest = await untilServed(`${host.origin}/manifest.json`, 60 * seconds);
    const port = freePort();
    await using vm = await startClient(place, [host.origin], {
      name: "Debian",
      append: "phase.serve=1",
      memory: 1536,
      forward: [{ host: port, guest: 8080 }],
    });
    await vm.waitFor(/phase: starting the kernel/, 180 * seconds);
    await vm.waitFor(/handover: nothing fetched, the image is whole/, 180 * seconds);
    await vm.waitFor(
      /the system is the rootfs that was handed over; its \/sbin\/init/,
      60 * seconds,
    );
    await vm.waitFor(/booted login:/, 180 * seconds);
    const served = `http://127.0.0.1:${port}`;
    assert.deepEqual(await untilServed(`${served}/manifest.json`, 180 * seconds), manifest);
    const again = await untilServed(`${served}/rootfs`, 60 * seconds);
    assert.equal(sha256Hex(again), sha256Hex(await Deno.readFile(rootfs)));
    await vm.type("root");
    await vm.waitFor(/root@booted:~#/, 60 * seconds);
    await vm.type("systemctl is-active phase-serve; findmnt -no FSTYPE /; ls /run/phase/handover");
    await vm.waitFor(/active\noverlay\n/, 30 * seconds);
    await vm.waitFor(/initramfs\s+kernel\s+manifest\.json\s+origins\.json\s+rootfs/, 10 * seconds);
    await vm.type("/run/phase/plasmd boot status");
    await vm.waitFor(/booted from +stable\/x86_64 .*signed by ed25519:/, 90 * seconds);
    await vm.waitFor(/verified +manifest, kernel, initramfs, rootfs/, 10 * seconds);
  }),
);
