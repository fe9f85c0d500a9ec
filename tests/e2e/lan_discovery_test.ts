/**
 * Discovery on a link: a machine whose image names no provider, and no node of the DHT, finds one by
 * multicast DNS and boots from it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { bootLink } from "../support/link_boot.ts";
import { loopPlace, loopTools, quietKernel } from "../support/loop.ts";
import { netnsTools } from "../support/netns.ts";
import { needing } from "../support/tools.ts";

const seconds = 1000;

Deno.test(
  "a machine that is told of nobody finds a provider on its link and boots",
  needing({ tools: [...loopTools, ...netnsTools, "busybox"], root: true }, async () => {
    await using place = await loopPlace();
    const args = ["--no-dht", "--cmdline", quietKernel];
    await using link = await bootLink(place, { args });
    await using vm = await link.start({
      name: "LAN",
      kernel: place.kernel,
      initramfs: place.client,
      append: "quiet phase.once=1 phase.fail=poweroff",
    });
    const found = await vm.waitFor(/http:\/\/(\S+):8099\b/, 180 * seconds);
    // Its link has IPv6, too.
    assert.match(found[1]!, /^(10\.99\.0\.1|\[f[de].*\])$/);
    await vm.waitFor(/phase: starting the kernel/, 120 * seconds);
    await vm.waitFor(/phase: this machine was booted by plasmd/, 120 * seconds);
  }),
);
