/**
 * Discovery where there is no multicast: a machine that is given the address of one node of the
 * DHT, and nothing else, finds a provider and boots from it.
 *
 * @module
 */

import { freePort, loopPlace, loopTools, quietKernel } from "../support/loop.ts";
import { startProgram } from "../support/program.ts";
import { startProvider } from "../support/provider.ts";
import { needing } from "../support/tools.ts";
import { hostAddress, startVm } from "../support/vm.ts";

const seconds = 1000;

/** Flags of a node on loopback that a machine in a user network can dial, too. */
function reachable(port: number): string[] {
  return ["--p2p-port", `${port}`, "--external-address", `/ip4/${hostAddress}/tcp/${port}`];
}

Deno.test(
  "a machine that knows one bootstrap address finds a provider by the DHT and boots",
  needing({ tools: loopTools }, async () => {
    await using place = await loopPlace();
    const port = freePort();
    const nodeHome = place.directory.join("node");
    await using node = startProgram(
      [
        "node",
        "--host",
        "127.0.0.1",
        "--state-dir",
        nodeHome,
        ...reachable(port),
        "--no-mdns",
        "--json",
      ],
      { env: { PLASMD_IDENTITY: place.directory.join("node.key") } },
    );
    await node.until((text) => text.endsWith("}\n") ? true : undefined);
    await using provider = await startProvider(place.artifacts, place.home, {
      args: [
        ...["--bootstrap", `/ip4/127.0.0.1/tcp/${port}`, ...reachable(freePort())],
        ...["--cmdline", quietKernel],
      ],
    });
    await using vm = await startVm({
      name: "WAN",
      kernel: place.kernel,
      initramfs: place.client,
      append: "quiet phase.once=1 phase.fail=poweroff " +
        `phase.bootstrap=/ip4/${hostAddress}/tcp/${port}`,
    });
    const found = new RegExp(`http://${hostAddress}:${provider.port}\\b`);
    await vm.waitFor(found, 180 * seconds);
    await vm.waitFor(/phase: starting the kernel/, 120 * seconds);
    await vm.waitFor(/phase: this machine was booted by plasmd/, 120 * seconds);
  }),
);
