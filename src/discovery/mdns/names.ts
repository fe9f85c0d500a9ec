/**
 * The names under which a provider is announced and looked for. RFC 6763 4.
 *
 * @module
 */

import type { Arch } from "../../formats/names.ts";

/** What providers are instances of. */
export const serviceName = "_phase-image._tcp.local";

/** What lists the kinds of services on a link. RFC 6763 9 */
export const listingName = "_services._dns-sd._udp.local";

/** The host name of a node. */
export function hostName(peerId: string, attempt: number): string {
  return `${numbered(`phase-${shortPeer(peerId)}`, attempt)}.local`;
}

/**
 * The name of an instance. A channel's dots become dashes, because a dot ends a label; what channel
 * it is says the TXT record.
 */
export function instanceName(
  { channel, arch }: { readonly channel: string; readonly arch: Arch },
  peerId: string,
  attempt: number,
): string {
  const label = `phase-${channel}-${arch}-${shortPeer(peerId)}`.replaceAll(".", "-");
  return `${numbered(label, attempt)}.${serviceName}`;
}

/** Whether two names are the same. RFC 6762 16: only ASCII letters are folded. */
export function sameName(a: string, b: string): boolean {
  return nameKey(a) === nameKey(b);
}

/** Equal for names that are the same. */
export function nameKey(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Whether the name is one of an instance of the service. */
export function isInstance(name: string): boolean {
  return nameKey(name).endsWith(`.${serviceName}`) && name.length > serviceName.length + 1;
}

/** The end of a peer id: all of our kind begin alike. */
function shortPeer(peerId: string): string {
  return peerId.slice(-8);
}

/** RFC 6762 9: the next one to try has a number at its end. */
function numbered(label: string, attempt: number): string {
  return attempt === 1 ? label : `${label}-${attempt}`;
}
