/**
 * Finds providers on the links of this machine. RFC 6763 4.
 *
 * @module
 */

import type { Arch } from "../../formats/names.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { mdnsLimits } from "../../lib/limits.ts";
import { printable } from "../../lib/text.ts";
import { makeArrivals } from "../arrivals.ts";
import type { Offer } from "../offer.ts";
import { makeAlarm } from "./alarm.ts";
import { chanceOf } from "./announce.ts";
import { type LaneBrowser, makeLaneBrowser, type News } from "./browser.ts";
import { type Lanes, type MdnsDeps, openLanes } from "./lanes.ts";
import type { Lane, LinkChoice } from "./links.ts";
import { nameKey } from "./names.ts";

/** What to look for. */
export interface BrowseOptions {
  /** Only this channel; default: all. */
  readonly channel?: string;
  /** Only this arch; default: all. */
  readonly arch?: Arch;
  /** Ends the search. */
  readonly signal: AbortSignal;
  /** The links; default: all, loopback too. */
  readonly choice?: LinkChoice;
  /** Told what was passed over, and of whom: a name or an address. */
  readonly onIgnored?: (ignored: { readonly peer: string; readonly error: PlasmdError }) => void;
}

/**
 * Offers as they are found, again when they change, and with `gone` when they end. Goes on until the
 * signal aborts, and then ends without an error.
 */
export async function* browseMdns(options: BrowseOptions, deps: MdnsDeps): AsyncGenerator<Offer> {
  const { signal } = options;
  const offers = makeArrivals<Offer>();
  const stop = () => offers.end();
  if (signal.aborted) return;
  signal.addEventListener("abort", stop, { once: true });
  let waiting = 0;
  const say = once(options.onIgnored);
  const board = makeBoard((offer) => {
    const { channel = offer.channel, arch = offer.arch } = options;
    if (offer.channel !== channel || offer.arch !== arch) return;
    if (waiting >= mdnsLimits.waiting) {
      return say(offer.origin, "too_many", "too many others have said that they serve images");
    }
    waiting++;
    offers.add(offer);
  }, say);
  try {
    await using _lanes = await followLanes(options, board, say, deps);
    for await (const offer of offers) {
      waiting--;
      yield offer;
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

type Say = (peer: string, code: "bad_source" | "too_many" | "malformed", what: string) => void;

/** The browsers of all lanes, and the alarm that moves them. */
async function followLanes(
  { choice = { host: "::", loopback: true } }: BrowseOptions,
  board: Board,
  say: Say,
  deps: MdnsDeps,
): Promise<AsyncDisposable> {
  const { clock } = deps;
  const chance = chanceOf(deps.random);
  const browsers = new Map<string, LaneBrowser>();
  let lanes: Lanes | undefined;
  const alarm = makeAlarm(clock, () => {
    for (const [id, browser] of browsers) {
      const { messages, news } = browser.tick(clock.steady());
      for (const message of messages) lanes?.send(id, message);
      board.take(id, news);
    }
    setAlarm();
  });
  const setAlarm = () => alarm.set(Math.min(...[...browsers.values()].map((one) => one.due())));
  const onLanes = (all: readonly Lane[]) => {
    for (const [id, { lane }] of browsers) {
      if (all.some((one) => one === lane)) continue;
      browsers.delete(id);
      board.close(id);
    }
    for (const lane of all) {
      if (browsers.has(lane.id)) continue;
      browsers.set(lane.id, makeLaneBrowser(lane, clock.steady(), chance));
    }
    setAlarm();
  };
  const opened = lanes = await openLanes(
    { choice, lookMs: mdnsLimits.interfacesHurryMs },
    {
      onLanes,
      onMessage(lane, message, { address }) {
        const browser = browsers.get(lane.id);
        if (!message.response || browser === undefined) return;
        board.take(lane.id, browser.hear(message, address, clock.steady()));
        setAlarm();
      },
      onIgnored: (error, { address }) => say(address, "malformed", error.message),
    },
    deps,
  );
  return {
    async [Symbol.asyncDispose]() {
      alarm.stop();
      await opened[Symbol.asyncDispose]();
    },
  };
}

/** What is offered now, joined over lanes: one provider is heard over IPv4 and IPv6. */
interface Board {
  take(lane: string, news: readonly News[]): void;
  /** Forgets all that was heard on a lane. */
  close(lane: string): void;
}

interface Shown {
  offer: Offer;
  readonly holders: Set<string>;
}

function makeBoard(show: (offer: Offer) => void, say: Say): Board {
  const shown = new Map<string, Shown>();
  const byHolder = new Map<string, Set<string>>();
  const drop = (holder: string, key: string) => {
    const one = shown.get(key)!;
    one.holders.delete(holder);
    if (one.holders.size > 0) return;
    shown.delete(key);
    show({ ...one.offer, gone: true });
  };
  const put = (holder: string, key: string, offer: Offer) => {
    const old = shown.get(key);
    const same = old !== undefined && JSON.stringify(old.offer) === JSON.stringify(offer);
    shown.set(key, { offer, holders: (old?.holders ?? new Set()).add(holder) });
    if (!same) show(offer);
  };
  const update = (holder: string, offers: readonly Offer[]) => {
    const now = new Map(offers.map((one) => [`${one.origin} ${one.channel} ${one.arch}`, one]));
    for (const key of byHolder.get(holder) ?? []) if (!now.has(key)) drop(holder, key);
    for (const [key, offer] of now) put(holder, key, offer);
    if (now.size === 0) byHolder.delete(holder);
    else byHolder.set(holder, new Set(now.keys()));
  };
  return {
    take(lane, news) {
      for (const { instance, offers, ignored } of news) {
        for (const reason of ignored) say(instance, "bad_source", `Ignored on the LAN: ${reason}`);
        update(`${lane} ${nameKey(instance)}`, offers);
      }
    },
    close(lane) {
      for (const holder of [...byHolder.keys()]) {
        if (holder.startsWith(`${lane} `)) update(holder, []);
      }
    },
  };
}

/** Says each thing once, and no more things than a person reads. */
function once(onIgnored: BrowseOptions["onIgnored"]): Say {
  const said = new Set<string>();
  return (peer, code, what) => {
    const key = `${peer} ${what}`;
    if (said.has(key) || said.size >= mdnsLimits.ignoredKept) return;
    said.add(key);
    onIgnored?.({ peer: printable(peer), error: new PlasmdError(code, printable(what)) });
  };
}
