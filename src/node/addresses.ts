/**
 * Under which addresses a node can be reached.
 *
 * @module
 */

/** An address of an interface of this machine. */
export interface InterfaceAddress {
  readonly family: "IPv4" | "IPv6";
  readonly address: string;
}

/**
 * The origins of a server: for a wildcard host those of all interfaces, IPv4 first and loopback
 * last; link-local addresses are left out, they mean nothing without an interface.
 */
export function serverOrigins(
  host: string,
  port: number,
  interfaces: readonly InterfaceAddress[],
): string[] {
  if (host !== "::" && host !== "0.0.0.0") return [originOf(host, port)];
  const usable = interfaces
    .filter(({ family }) => host === "::" || family === "IPv4")
    .filter(({ address }) => !/^(fe80:|169\.254\.)/i.test(address));
  const rank = ({ family, address }: InterfaceAddress) =>
    (isLoopback(address) ? 2 : 0) + (family === "IPv6" ? 1 : 0);
  const sorted = usable.toSorted((a, b) => rank(a) - rank(b));
  return [...new Set(sorted.map(({ address }) => originOf(address, port)))];
}

/** Whether the address (or `localhost`) stays on this machine. */
export function isLoopback(address: string): boolean {
  return /^127\./.test(address) || address === "::1" || address === "localhost";
}

/** `http://host:port`, with brackets around an IPv6 address. */
export function originOf(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
