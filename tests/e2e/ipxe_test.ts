/**
 * A machine with nothing but its network card's ROM boots from `/boot.ipxe`.
 *
 * @module
 */

import { bootLink, linkProvider } from "../support/link_boot.ts";
import { loopPlace, loopTools } from "../support/loop.ts";
import { netnsTools } from "../support/netns.ts";
import { needing } from "../support/tools.ts";

const seconds = 1000;
const rom = "/usr/lib/ipxe/qemu/efi-virtio.rom";

Deno.test(
  "a network card's own ROM boots a machine from a provider, which goes on to verify",
  needing(
    { tools: [...loopTools, ...netnsTools, "busybox"], files: [rom], root: true },
    async () => {
      await using place = await loopPlace();
      const args = ["--no-dht", "--no-mdns", "--cmdline", "console=ttyS0 quiet panic=-1"];
      const bootFile = `${linkProvider}/boot.ipxe`;
      await using link = await bootLink(place, { args, bootFile });
      await using vm = await link.start({ name: "iPXE", memory: 1536 }, true);
      // The node image came without a handover: it asks for the image, verifies it, and starts it.
      await vm.waitFor(/phase: node image/, 180 * seconds);
      await vm.waitFor(/phase: starting the kernel/, 120 * seconds);
      await vm.waitFor(/phase: this machine was booted by plasmd/, 120 * seconds);
    },
  ),
);
