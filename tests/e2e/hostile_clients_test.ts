/**
 * What a provider of its own process goes through: clients that leave, that hold on, and a stop in
 * the middle of it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { connectAndSend, parseAnswer, readAll, requestText, sendRaw } from "../support/http.ts";
import { processFigures, untilTrue } from "../support/process_figures.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { tempDirectory } from "../support/temp.ts";

const MiB = 1024 * 1024;
const isLinux = Deno.build.os === "linux";

/** A provider of a rootfs, with limits as provider.toml writes them. */
async function place(
  rootfsBytes: number,
  limits: string,
): Promise<{ provider: Provider; rootfs: Uint8Array } & AsyncDisposable> {
  await using parts = new AsyncDisposableStack();
  const home = parts.use(await tempDirectory());
  await Deno.mkdir(`${home.path}/image`);
  const rootfs = new Uint8Array(rootfsBytes).map((_, i) => (i * 7) ^ (i >> 8) ^ (i >> 16));
  await Deno.writeFile(`${home.path}/image/vmlinuz`, rootfs.subarray(0, 65_536));
  await Deno.writeFile(`${home.path}/image/rootfs.squashfs`, rootfs);
  await Deno.writeTextFile(`${home.path}/provider.toml`, `[provider.limits]\n${limits}\n`);
  const args = ["--config", `${home.path}/provider.toml`];
  const provider = parts.use(await startProvider(`${home.path}/image`, home.path, { args }));
  const owned = parts.move();
  return { provider, rootfs, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Asks for the rootfs, reads a little or nothing, and goes away. */
async function abort(port: number, i: number): Promise<void> {
  using connection = await connectAndSend(port, requestText("/rootfs"));
  if (i % 2 === 0) await connection.read(new Uint8Array(1000 * (i % 50 + 1)));
}

async function abortMany(port: number, count: number): Promise<void> {
  for (let done = 0; done < count; done += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, i) => abort(port, i)));
  }
}

Deno.test({
  name: "500 aborted downloads: descriptors are back to the start, and memory is flat",
  ignore: !isLinux,
  async fn() {
    await using scene = await place(32 * MiB, "");
    const { port, process: { pid } } = scene.provider;
    await abortMany(port, 200); // fills the stores of buffers
    await untilTrue(async () => await connections(port) === 1, { ms: 15_000, what: "all closed" });
    const before = processFigures(pid);
    await abortMany(port, 500);
    const back = () => processFigures(pid).descriptors <= before.descriptors;
    await untilTrue(back, { ms: 15_000, what: "descriptors back to the start" });
    const grown = (processFigures(pid).resident - before.resident) / MiB;
    assert.ok(grown < 48, `memory grew by ${grown.toFixed(0)} MiB`);
    const { body } = await sendRaw(port, requestText("/rootfs"));
    assert.deepEqual(body, scene.rootfs);
  },
});

/** Open connections as the provider counts them, the one that asks included. */
async function connections(port: number): Promise<number> {
  const { body } = await sendRaw(port, requestText("/status"));
  return JSON.parse(new TextDecoder().decode(body)).metrics.plasmd_http_connections;
}

Deno.test({
  name: "5,000 connections are held, answered and let go",
  ignore: !isLinux,
  async fn() {
    const limits = "connections = 5100\nconnections_per_address = 5100";
    await using scene = await place(4 * MiB, limits);
    const { port, process: { pid } } = scene.provider;
    await abortMany(port, 20); // what is opened once is open now
    await untilTrue(async () => await connections(port) === 1, { ms: 15_000, what: "all closed" });
    const before = processFigures(pid);
    const held: Deno.TcpConn[] = [];
    try {
      while (held.length < 5000) {
        held.push(
          ...await Promise.all(Array.from({ length: 100 }, () => askAndStay(port))),
        );
      }
      // With the one that asks; a descriptor less may be open than before, when such a one was closing.
      assert.equal(await connections(port), 5001);
      assert.ok(processFigures(pid).descriptors >= before.descriptors + 4999);
      const start = performance.now();
      const { body } = await sendRaw(port, requestText("/rootfs"));
      assert.deepEqual(body, scene.rootfs);
      assert.ok(performance.now() - start < 5000, "others are served meanwhile");
    } finally {
      for (const connection of held) connection.close();
    }
    const back = () => processFigures(pid).descriptors <= before.descriptors;
    await untilTrue(back, { ms: 30_000, what: "descriptors back to the start" });
    const grown = (processFigures(pid).peak - before.resident) / MiB;
    assert.ok(grown < 300, `5,000 connections took ${grown.toFixed(0)} MiB`);
  },
});

/** A connection with one answered request on it, which stays. */
async function askAndStay(port: number): Promise<Deno.TcpConn> {
  const connection = await connectAndSend(port, "HEAD /kernel HTTP/1.1\r\nHost: x\r\n\r\n");
  const part = new Uint8Array(4096);
  const count = await connection.read(part);
  assert.equal(parseAnswer(part.subarray(0, count ?? 0)).status, 200);
  return connection;
}

Deno.test("SIGTERM in 50 downloads: who reads gets everything, who stalls is cut in time", async () => {
  const drainMs = 3000;
  await using scene = await place(16 * MiB, `drain = "${drainMs / 1000}s"`);
  const { port, process } = scene.provider;
  const first = new Uint8Array(64 * 1024);
  const begun = await Promise.all(Array.from({ length: 50 }, async () => {
    const connection = await connectAndSend(port, requestText("/rootfs"));
    return { connection, count: await connection.read(first) ?? 0 };
  }));
  const start = performance.now();
  process.kill("SIGTERM");
  const readers = begun.slice(0, 40);
  const sizes = await Promise.all(readers.map(async ({ connection, count }) => {
    const rest = await readAll(connection);
    return count + rest.length;
  }));
  const { code } = await process.ended;
  const took = performance.now() - start;
  for (const size of sizes) assert.ok(size > scene.rootfs.length, `a reader got ${size} bytes`);
  assert.equal(code, 0);
  assert.ok(took >= drainMs - 500, `it waited for who stalls: ${took} ms`);
  assert.ok(took < drainMs + 4000, `it ended after ${took} ms`);
  for (const { connection } of begun) connection.close();
});
