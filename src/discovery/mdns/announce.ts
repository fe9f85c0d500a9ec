/**
 * Announces what a provider serves on the links of this machine, until it is disposed.
 *
 * @module
 */

import { mdnsLimits } from "../../lib/limits.ts";
import type { Random } from "../../lib/random.ts";
import { hearQuery, hearResponse, sendDue } from "./answer.ts";
import { makeAlarm } from "./alarm.ts";
import { type Lanes, type MdnsDeps, openLanes } from "./lanes.ts";
import type { Lane, LinkChoice } from "./links.ts";
import type { Message } from "./packet.ts";
import { goodbyes, meetOthers, newResponder, setLanes, setServices, takeSteps } from "./probe.ts";
import type { Provider, Service } from "./records.ts";
import {
  type Chance,
  isOwned,
  nextDue,
  type Peer,
  type Responder,
  type Step,
} from "./responder.ts";

export type { Service } from "./records.ts";

/** What is announced, and where. */
export interface AnnounceOptions extends Provider {
  readonly services: readonly Service[];
  /** The links: those of the host that the server listens on. */
  readonly choice: LinkChoice;
}

/** How it stands with an announcement. */
export interface AnnounceStatus {
  /** Interfaces on which we speak, like `eth0/4`. */
  readonly lanes: readonly string[];
  /** Where we can't, and why. */
  readonly failed: Readonly<Record<string, string>>;
  readonly instances: readonly {
    readonly channel: string;
    readonly arch: string;
    /** The full name; it has a number where somebody else has the plain one. */
    readonly name: string;
    /** Lanes on which it was announced. */
    readonly lanes: number;
  }[];
}

/** Announces until it is disposed; then it says goodbye. */
export interface Announcer extends AsyncDisposable {
  /** Announces these services from now on. */
  update(services: readonly Service[]): void;
  status(): AnnounceStatus;
}

/** Starts to announce. An interface without multicast is left out. */
export async function announceMdns(options: AnnounceOptions, deps: MdnsDeps): Promise<Announcer> {
  const { clock, log } = deps;
  const chance = chanceOf(deps.random);
  const now = () => clock.steady();
  let state = newResponder(options, options.services);
  let lanes: Lanes | undefined;
  const alarm = makeAlarm(clock, () => apply(takeAll(state, now())));
  const apply = ({ state: next, sends }: Step) => {
    const renamed = next.claims.filter(({ key, name }) =>
      state.claims.some((old) => old.key === key && old.name !== name)
    );
    state = next;
    for (const { lane, message, to } of sends) lanes?.send(lane, message, to);
    for (const { name } of renamed) log.warn("Another host has our name on the LAN", { now: name });
    alarm.set(nextDue(state));
  };
  const quiet = (next: Responder) => apply({ state: next, sends: [] });
  const opened = lanes = await openLanes(
    { choice: options.choice, lookMs: mdnsLimits.interfacesMs },
    {
      onLanes: (all) => quiet(setLanes(state, all, now(), chance)),
      onMessage: (lane, message, from) =>
        apply(hear(state, { lane, message, from }, now(), chance)),
      onIgnored: (error, { address }) => log.debug(error.message, { from: address }),
    },
    deps,
  );
  return {
    update: (services) => apply(setServices(state, services, now(), chance)),
    status: () => statusOf(state, opened),
    async [Symbol.asyncDispose]() {
      alarm.stop();
      for (const { lane, message } of goodbyes(state)) opened.send(lane, message);
      await opened[Symbol.asyncDispose]();
    },
  };
}

/** A fraction below 1 from random bytes. */
export function chanceOf(random: Random): Chance {
  return () => new DataView(random.bytes(4).buffer).getUint32(0) / 2 ** 32;
}

/** All that is due. */
function takeAll(state: Responder, now: number): Step {
  const stepped = takeSteps(state, now);
  const answered = sendDue(stepped.state, now);
  return { state: answered.state, sends: [...stepped.sends, ...answered.sends] };
}

interface Heard {
  readonly lane: Lane;
  readonly message: Message;
  readonly from: Peer;
}

function hear(state: Responder, { lane, message, from }: Heard, now: number, chance: Chance): Step {
  const known = state.lanes.get(lane.id);
  if (known === undefined) return { state, sends: [] };
  const met = meetOthers(state, known, message, now);
  const current = met.lanes.get(lane.id)!;
  if (message.response) return { state: hearResponse(met, current, message), sends: [] };
  return hearQuery(met, current, { message, from }, now, chance);
}

function statusOf({ claims, lanes }: Responder, opened: Lanes): AnnounceStatus {
  return {
    lanes: [...lanes.keys()],
    failed: Object.fromEntries(opened.failed()),
    instances: claims.flatMap((claim) =>
      claim.service === undefined ? [] : [{
        channel: claim.service.channel,
        arch: claim.service.arch,
        name: claim.name,
        lanes: [...lanes.values()].filter((lane) => isOwned(lane, claim)).length,
      }]
    ),
  };
}
