/**
 * What a provider says on a link: its records, made from what it serves.
 *
 * @module
 */

import type { Arch } from "../../formats/names.ts";
import type { Lane, Link } from "./links.ts";
import { isLinkLocal } from "./links.ts";
import { hostName, instanceName, listingName, nameKey, serviceName } from "./names.ts";
import type { DnsRecord } from "./packet.ts";

/** One channel and arch that a provider serves. */
export interface Service {
  readonly channel: string;
  readonly arch: Arch;
  readonly version: string;
  /** The path of its manifest, like `/manifest.json`. */
  readonly path: string;
  /** Who has signed the manifest. */
  readonly keyid: string;
  readonly sequence: number;
}

/** Whose services they are. */
export interface Provider {
  readonly peerId: string;
  /** The port at which it speaks HTTP. */
  readonly port: number;
}

/** A name that a provider wants for itself: its host's, or that of one service. */
export interface Claim {
  /** `host`, or `channel/arch`. */
  readonly key: string;
  /** What is served under the name; without it the name is the host's. */
  readonly service?: Service;
  /** The full name. */
  readonly name: string;
  /** The host's name, to which services point. */
  readonly host: string;
  /** 1, and more after each conflict. */
  readonly attempt: number;
}

/** Seconds for which others may keep a record. RFC 6762 10 */
export const ttls = { address: 120, other: 4500 } as const;

/** The claims for these services; known ones keep the number that they have won. */
export function claimsOf(
  { peerId }: Provider,
  services: readonly Service[],
  known: readonly Claim[] = [],
): Claim[] {
  const attempt = (key: string) => known.find((one) => one.key === key)?.attempt ?? 1;
  const host = hostName(peerId, attempt("host"));
  const taken = new Set<string>();
  const claims = services.map((service): Claim => {
    const key = `${service.channel}/${service.arch}`;
    let number = attempt(key);
    // Two channels of ours can differ in what a name can't hold: dots.
    while (taken.has(instanceName(service, peerId, number))) number++;
    const name = instanceName(service, peerId, number);
    taken.add(name);
    return { key, service, name, host, attempt: number };
  });
  return [{ key: "host", name: host, host, attempt: attempt("host") }, ...claims];
}

/** The records of a name that nobody else on the link may have. */
export function uniqueRecords(provider: Provider, claim: Claim, link: Link): DnsRecord[] {
  const { name, host, service } = claim;
  if (service === undefined) return addressRecords(name, link);
  return [
    {
      name,
      type: "SRV",
      ttl: ttls.address,
      flush: true,
      data: { port: provider.port, target: host },
    },
    { name, type: "TXT", ttl: ttls.other, flush: true, data: textOf(provider, service, link) },
  ];
}

/** The records that many may have: that there is such a service, and this instance of it. */
export function sharedRecords({ name, service }: Claim): DnsRecord[] {
  if (service === undefined) return [];
  const common = { type: "PTR", ttl: ttls.other, flush: false } as const;
  return [{ ...common, name: serviceName, data: name }, {
    ...common,
    name: listingName,
    data: serviceName,
  }];
}

/** Says which types a name has, so that nobody waits for others. RFC 6762 6.1 */
export function typesRecord(name: string, records: readonly DnsRecord[]): DnsRecord {
  const types = [...new Set(records.map(({ type }) => type))];
  return { name, type: "NSEC", ttl: ttls.address, flush: true, data: types };
}

/** Equal for records that say the same; TTL and flush bit aside. */
export function recordKey({ name, type, data }: DnsRecord): string {
  const said = type === "PTR"
    ? nameKey(data)
    : type === "SRV"
    ? `${data.port} ${nameKey(data.target)}`
    : JSON.stringify(data);
  return `${nameKey(name)} ${type} ${said}`;
}

/** What this claim says on any of our links: hearing it is no conflict. */
export function ownKeys(provider: Provider, claim: Claim, lanes: Iterable<Lane>): Set<string> {
  const links = new Set([...lanes].map(({ link }) => link));
  return new Set(
    [...links].flatMap((link) => uniqueRecords(provider, claim, link).map(recordKey)),
  );
}

function addressRecords(name: string, { ipv4, ipv6 }: Link): DnsRecord[] {
  const common = { name, ttl: ttls.address, flush: true };
  return [
    ...ipv4.map(({ address }) => ({ ...common, type: "A" as const, data: address })),
    ...ipv6.map(({ address }) => ({ ...common, type: "AAAA" as const, data: address })),
  ];
}

function textOf({ peerId, port }: Provider, service: Service, link: Link): string[] {
  const { channel, arch, version, path, keyid, sequence } = service;
  return [
    `channel=${channel}`,
    `arch=${arch}`,
    `version=${version}`,
    `manifest=http://${urlHost(link)}:${port}${path}`,
    `path=${path}`,
    `http_port=${port}`,
    `peer=${peerId}`,
    `keyid=${keyid}`,
    `sequence=${sequence}`,
  ];
}

/** The address of this link for people and simple clients: IPv4 where there is one. */
function urlHost({ ipv4, ipv6 }: Link): string {
  const v6 = ipv6.find(({ address }) => !isLinkLocal(address)) ?? ipv6[0];
  return ipv4[0]?.address ?? `[${v6?.address ?? "::1"}]`;
}
