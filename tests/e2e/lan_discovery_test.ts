/**
 * Discovery on a link: a machine whose image names no provider, and no node of the DHT, finds one by
 * multicast DNS and boots from it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { loopPlace, loopTools, quietKernel } from "../support/loop.ts";
import { leaseAddresses, netnsLink, netnsTools, startOn } from "../support/netns.ts";
import { programCommand } from "../support/program.ts";
import { needing } from "../support/tools.ts";
import { startVm } from "../support/vm.ts";

const seconds = 1000;

Deno.test(
  "a machine that is told of nobody finds a provider on its link and boots",
  needing({ tools: [...loopTools, ...netnsTools, "busybox"], root: true }, async () => {
    await using place = await loopPlace();
    await using link = await netnsLink(1);
    const machine = link.machines[0]!;
    await using _leases = await leaseAddresses(machine, place.directory);
    const [command, ...args] = programCommand([
      ...["serve", "--artifacts", place.artifacts, "--state-dir", `${place.home}/state`],
      ...["--port", "8099", "--no-dht", "--cmdline", quietKernel],
    ]);
    await using provider = startOn(machine, [command!, ...args], {
      PLASMD_IDENTITY: `${place.home}/identity.key`,
      NO_COLOR: "1",
    });
    await provider.waitFor(/Fetch it on another machine/, 60 * seconds);
    await using vm = await startVm({
      name: "LAN",
      prefix: link.hub,
      kernel: place.kernel,
      initramfs: place.client,
      append: "quiet phase.once=1 phase.fail=poweroff",
      cards: [],
      extra: [
        ...["-netdev", `tap,id=lan,ifname=${await link.plugVm()},script=no,downscript=no`],
        ...["-device", "virtio-net-pci,netdev=lan,romfile="],
      ],
    });
    const found = await vm.waitFor(/http:\/\/(\S+):8099\b/, 180 * seconds);
    // Its link has IPv6, too.
    assert.match(found[1]!, /^(10\.99\.0\.1|\[f[de].*\])$/);
    await vm.waitFor(/phase: starting the kernel/, 120 * seconds);
    await vm.waitFor(/phase: this machine was booted by plasmd/, 120 * seconds);
  }),
);
