/**
 * A confined Worker that tries what a daemon needs and what it must not be able to do.
 *
 * @module
 */

import { identify } from "@libp2p/identify";
import { kadDHT, passthroughMapper } from "@libp2p/kad-dht";
import { noise } from "@libp2p/noise";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { createLibp2p } from "libp2p";
import multicastDns from "multicast-dns";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { programVersion } from "../../../src/lib/version.ts";
import { startModule } from "../../../src/lib/worker.ts";

const scope = globalThis as unknown as {
  postMessage(message: unknown): void;
  onmessage: (event: MessageEvent<string>) => void;
};

scope.onmessage = async ({ data: directory }) =>
  scope.postMessage({
    commit: programVersion.commit,
    environment: Object.keys(process.env).length,
    read: await outcome(() => Deno.readTextFile("/etc/shadow")),
    write: await outcome(() => Deno.writeTextFile("/tmp/frame-proof", "")),
    run: await outcome(() => new Deno.Command("/bin/true").output()),
    ffi: await outcome(() => Deno.dlopen("libc.so.6", {})),
    env: await outcome(() => Deno.env.get("PATH")),
    http: await outcome(http),
    sqlite: await outcome(() => sqlite(join(directory, "frame.sqlite"))),
    nested: await outcome(nested),
    libp2p: await outcome(libp2p),
    mdns: await outcome(mdns),
  });

async function outcome(attempt: () => unknown): Promise<unknown> {
  try {
    return await attempt();
  } catch (thrown) {
    return thrown instanceof Error ? thrown.name : String(thrown);
  }
}

async function http(): Promise<string> {
  const server = createServer((_, res) => res.end("served"));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const text = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  server.close();
  return text;
}

function sqlite(file: string): unknown {
  using database = new DatabaseSync(file);
  database.exec("CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('stored')");
  return database.prepare("SELECT x FROM t").get()?.x;
}

async function nested(): Promise<string> {
  const worker = startModule({
    name: "frame_hash",
    module: () => new URL("./hash.ts", import.meta.url),
    starts: [],
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => reject(new Error(event.message));
  worker.postMessage(new Uint8Array(3));
  const digest = await promise;
  worker.terminate();
  return digest;
}

/** Two nodes with a DHT, one of which reaches the other. */
async function libp2p(): Promise<string> {
  const [a, b] = await Promise.all([node(), node()]);
  await a.dial(b.getMultiaddrs());
  const latency = await a.services.ping.ping(b.peerId);
  await Promise.all([a.stop(), b.stop()]);
  return latency >= 0 ? "connected" : "not connected";
}

function node() {
  return createLibp2p({
    addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({
        protocol: "/phase/kad/1.0.0",
        clientMode: false,
        peerInfoMapper: passthroughMapper,
      }),
    },
  });
}

/** A question over loopback from one responder to another. */
async function mdns(): Promise<string> {
  const [asker, responder] = await Promise.all([responderOn(), responderOn()]);
  responder.mdns.on(
    "query",
    (_query: unknown, from: unknown) =>
      responder.mdns.respond([{ name: "frame.local", type: "TXT", data: "answered" }], from),
  );
  asker.mdns.query([{ name: "frame.local", type: "TXT" }], responder.address);
  const [response] = await once(asker.mdns, "response");
  for (const { mdns } of [asker, responder]) {
    await new Promise((resolve) => mdns.destroy(resolve));
  }
  return new TextDecoder().decode(response.answers[0].data[0]);
}

async function responderOn() {
  const socket = createSocket("udp4");
  await once(socket.bind(0, "127.0.0.1"), "listening");
  const mdns = multicastDns({ socket, bind: false, multicast: false });
  return { mdns, address: { address: "127.0.0.1", port: socket.address().port } };
}
