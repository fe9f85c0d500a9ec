/**
 * What an instance offers: its records, read as the words of a stranger. DESIGN 8. Pure.
 *
 * @module
 */

import { archOf, isChannel } from "../../formats/names.ts";
import { isVersion } from "../../formats/manifest_rules.ts";
import { publicKeyOf } from "../../identity/keyid.ts";
import { mdnsLimits } from "../../lib/limits.ts";
import type { Offer } from "../offer.ts";
import type { Cache } from "./cache.ts";
import { isLinkLocal, isOnLink, type Link } from "./links.ts";
import type { Question } from "./packet.ts";

/** What an instance's records say. */
export interface Found {
  readonly offers: readonly Offer[];
  /** Why something was passed over. */
  readonly ignored: readonly string[];
  /** What it takes to know more. */
  readonly missing: readonly Question[];
}

/** The offers of an instance, as far as its records are known. */
export function offersOf(cache: Cache, link: Link, instance: string): Found {
  const [srv] = cache.get(instance, "SRV");
  const [txt] = cache.get(instance, "TXT");
  if (srv?.type !== "SRV" || txt?.type !== "TXT") {
    const missing = [
      ...(srv === undefined ? [ask(instance, "SRV")] : []),
      ...(txt === undefined ? [ask(instance, "TXT")] : []),
    ];
    return { offers: [], ignored: [], missing };
  }
  const said = readText(txt.data);
  if ("problem" in said) return { offers: [], ignored: [said.problem], missing: [] };
  const { target } = srv.data;
  const addresses = [...cache.get(target, "A"), ...cache.get(target, "AAAA")]
    .flatMap(({ data }) => typeof data === "string" ? [data] : []);
  const missing = addresses.length === 0 ? [ask(target, "A"), ask(target, "AAAA")] : [];
  const port = said.port ?? srv.data.port;
  if (port === 0) return { offers: [], ignored: ["the port is 0"], missing: [] };
  const usable = addresses.slice(0, mdnsLimits.addresses)
    // A URL can't name the interface that such an address needs.
    .filter((address) => !isLinkLocal(address));
  // DESIGN 8: addresses must be on the link of the interface on which they were heard.
  const onLink = usable.filter((address) => isOnLink(link, address));
  const away = usable.filter((address) => !onLink.includes(address));
  return {
    offers: onLink.map((address) => ({
      ...said.offer,
      origin: `http://${address.includes(":") ? `[${address}]` : address}:${port}`,
      via: "mdns",
      sameLink: true,
    })),
    ignored: away.map((address) => `its address ${address} is not on the link ${link.name}`),
    missing,
  };
}

function ask(name: string, type: string): Question {
  return { name, type, unicast: false };
}

type Said = Pick<Offer, "channel" | "arch" | "version" | "peer" | "keyid" | "sequence">;

/**
 * Reads the entries that we know. A URL among them is never followed: it stays unread. RFC 6763 6.4:
 * of two entries with one name the first counts, names have no case.
 */
function readText(
  entries: readonly string[],
): { readonly offer: Said; readonly port?: number } | { readonly problem: string } {
  const said = new Map<string, string>();
  for (const entry of entries) {
    const at = entry.indexOf("=");
    const key = entry.slice(0, at).toLowerCase();
    if (at > 0 && !said.has(key)) said.set(key, entry.slice(at + 1));
  }
  const channel = said.get("channel") ?? "";
  const arch = archOf(said.get("arch") ?? "");
  if (!isChannel(channel)) return { problem: "it names no channel" };
  if (arch === undefined) return { problem: "it names no arch" };
  const port = numberOf(said.get("http_port"), 65535);
  if (said.has("http_port") && (port === undefined || port === 0)) {
    return { problem: "its http_port is no port" };
  }
  const taken = (key: string, test: (text: string) => boolean) => {
    const text = said.get(key);
    return text !== undefined && test(text) ? { [key]: text } : {};
  };
  const sequence = numberOf(said.get("sequence"), Number.MAX_SAFE_INTEGER);
  const offer = {
    channel,
    arch,
    ...taken("version", isVersion),
    ...taken("peer", (text) => /^[1-9A-HJ-NP-Za-km-z]{20,64}$/.test(text)),
    ...taken("keyid", (text) => publicKeyOf(text) !== undefined),
    ...(sequence === undefined ? {} : { sequence }),
  };
  return { offer, port };
}

/** A whole number up to a bound, or undefined. */
function numberOf(text: string | undefined, max: number): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  return Number(text) <= max ? Number(text) : undefined;
}
