/**
 * `wasi:sockets`: there are none, and the calls say so.
 *
 * @module
 */

import type { Interfaces } from "./cli.ts";

/** The interfaces, as a component that may have a network wants them. */
export function socketInterfaces(): Interfaces {
  class Network {}
  class TcpSocket {}
  class UdpSocket {}
  class IncomingDatagramStream {}
  class OutgoingDatagramStream {}
  class ResolveAddressStream {}
  const refuse = (code: string) => () => {
    throw code;
  };
  return {
    "wasi:sockets/network": { Network, networkErrorCode: () => undefined },
    "wasi:sockets/instance-network": { instanceNetwork: () => new Network() },
    "wasi:sockets/tcp": { TcpSocket },
    "wasi:sockets/tcp-create-socket": { createTcpSocket: refuse("not-supported") },
    "wasi:sockets/udp": { UdpSocket, IncomingDatagramStream, OutgoingDatagramStream },
    "wasi:sockets/udp-create-socket": { createUdpSocket: refuse("not-supported") },
    "wasi:sockets/ip-name-lookup": {
      ResolveAddressStream,
      resolveAddresses: refuse("access-denied"),
    },
  };
}
