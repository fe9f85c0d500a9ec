/**
 * A machine with nothing but its network card's ROM boots from `/boot.ipxe`.
 *
 * @module
 */

import { loopPlace, loopTools } from "../support/loop.ts";
import { leaseAddresses, netnsLink, netnsTools, startOn } from "../support/netns.ts";
import { programCommand } from "../support/program.ts";
import { needing } from "../support/tools.ts";
import { startVm } from "../support/vm.ts";

const seconds = 1000;
const rom = "/usr/lib/ipxe/qemu/efi-virtio.rom";

Deno.test(
  "a network card's own ROM boots a machine from a provider, which goes on to verify",
  needing(
    { tools: [...loopTools, ...netnsTools, "busybox"], files: [rom], root: true },
    async () => {
      await using place = await loopPlace();
      await using link = await netnsLink(1);
      const machine = link.machines[0]!;
      const script = "http://10.99.0.1:8099/boot.ipxe";
      await using _leases = await leaseAddresses(machine, place.directory, script);
      const [command, ...args] = programCommand([
        ...["serve", "--artifacts", place.artifacts, "--state-dir", `${place.home}/state`],
        ...["--port", "8099", "--no-dht", "--no-mdns", "--cmdline", "console=ttyS0 quiet panic=-1"],
      ]);
      await using provider = startOn(machine, [command!, ...args], {
        PLASMD_IDENTITY: `${place.home}/identity.key`,
        NO_COLOR: "1",
      });
      await provider.waitFor(/Fetch it on another machine/, 60 * seconds);
      await using vm = await startVm({
        name: "iPXE",
        prefix: link.hub,
        cards: [],
        memory: 1536,
        extra: [
          ...["-netdev", `tap,id=lan,ifname=${await link.plugVm()},script=no,downscript=no`],
          ...["-device", "virtio-net-pci,netdev=lan", "-boot", "n"],
        ],
      });
      // The node image came without a handover: it asks for the image, verifies it, and starts it.
      await vm.waitFor(/phase: node image/, 180 * seconds);
      await vm.waitFor(/phase: starting the kernel/, 120 * seconds);
      await vm.waitFor(/phase: this machine was booted by plasmd/, 120 * seconds);
    },
  ),
);
