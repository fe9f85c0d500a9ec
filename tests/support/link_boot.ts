/**
 * Virtual machines on a link with a provider, for tests of what happens between machines.
 *
 * @module
 */

import type { LoopPlace } from "./loop.ts";
import { leaseAddresses, type NetnsLink, netnsLink, type NetnsProgram, startOn } from "./netns.ts";
import { programCommand } from "./program.ts";
import { startVm, type Vm, type VmOptions } from "./vm.ts";

const seconds = 1000;

/** Where the provider of a link listens. */
export const linkProvider = "http://10.99.0.1:8099";

/** A link with a provider of the place's image, which gives others their addresses, too. */
export interface BootLink extends AsyncDisposable {
  /** The machine of the provider. */
  readonly machine: string;
  /** Starts a machine that is plugged into the link. */
  start(options: Omit<VmOptions, "prefix" | "cards" | "extra">, rom?: boolean): Promise<Vm>;
}

/** What a link is made with. */
export interface BootLinkOptions {
  /** More arguments of `serve`. */
  readonly args: readonly string[];
  /** The boot file that machines are told of when they ask for an address. */
  readonly bootFile?: string;
}

/** Makes the link; resolves when the provider serves. */
export async function bootLink(
  place: LoopPlace,
  { args, bootFile }: BootLinkOptions,
): Promise<BootLink> {
  await using made = new AsyncDisposableStack();
  const link: NetnsLink = made.use(await netnsLink(1));
  const machine = link.machines[0]!;
  made.use(await leaseAddresses(machine, place.directory, bootFile));
  const [command, ...rest] = programCommand([
    ...["serve", "--artifacts", place.artifacts, "--state-dir", `${place.home}/state`],
    ...["--port", "8099", ...args],
  ]);
  const provider: NetnsProgram = made.use(startOn(machine, [command!, ...rest], {
    PLASMD_IDENTITY: `${place.home}/identity.key`,
    NO_COLOR: "1",
  }));
  await provider.waitFor(/Fetch it on another machine/, 60 * seconds);
  const owned = made.move();
  return {
    machine,
    async start(options, rom = false) {
      const tap = await link.plugVm();
      return await startVm({
        ...options,
        prefix: link.hub,
        cards: [],
        extra: [
          ...["-netdev", `tap,id=lan,ifname=${tap},script=no,downscript=no`],
          // Its own ROM starts from the network, where it has one.
          ...["-device", `virtio-net-pci,netdev=lan${rom ? "" : ",romfile="}`],
          ...(rom ? ["-boot", "n"] : []),
        ],
      });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
