/**
 * A Worker that tries what a daemon may do and what it may not. It answers with the outcome of each
 * try: `done`, or the name of the error.
 *
 * @module
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { DatabaseSync } from "node:sqlite";
import * as fs from "node:fs/promises";
import { openHasher } from "../../src/artifacts/hash.ts";
import { systemDeps } from "../../src/lib/deps.ts";

const tries: Record<string, (root: string) => unknown> = {
  "read an artifact": (root) => Deno.readTextFile(`${root}/artifacts/kernel`),
  "write state": (root) => Deno.writeTextFile(`${root}/state/x`, "x"),
  "serve over HTTP": serve,
  "open a database in the state"(root) {
    using database = new DatabaseSync(`${root}/state/jobs.sqlite`);
    database.exec("create table jobs (id text); insert into jobs values ('a')");
    if (database.prepare("select count(*) as n from jobs").get()?.n !== 1) throw new Error("lost");
  },
  async "hash in a nested Worker"(root) {
    await using hasher = openHasher({ workers: 1, read: [`${root}/artifacts`] }, systemDeps());
    const { size } = await hasher.hash(`${root}/artifacts/kernel`, { chunkSize: 262_144 });
    if (size !== 8) throw new Error("wrong size");
  },
  "list interfaces": () => networkInterfaces(),
  "ask for room on the disk": (root) => fs.statfs(`${root}/state`),
  "read /etc/shadow": () => Deno.readTextFile("/etc/shadow"),
  "read beside the artifacts": (root) => Deno.readTextFile(`${root}/secret`),
  "write to the artifacts": (root) => Deno.writeTextFile(`${root}/artifacts/kernel`, "other"),
  async "leave through a link"(root) {
    await Deno.symlink(`${root}/secret`, `${root}/state/link`);
    await Deno.readTextFile(`${root}/state/link`);
  },
  "run a program": () => new Deno.Command(Deno.execPath()).output(),
  "load a library": () => Deno.dlopen("libc.so.6", {}),
  "read the environment": () => Deno.env.get("HOME"),
  "start a Worker with more rights": () =>
    new Worker("data:text/javascript,", { type: "module", deno: { permissions: { run: true } } }),
};

async function serve(): Promise<void> {
  const server = createServer((_request, response) => response.end("served"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
    if (await answer.text() !== "served") throw new Error("wrong answer");
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

async function outcome(attempt: (root: string) => unknown, root: string): Promise<string> {
  try {
    await attempt(root);
    return "done";
  } catch (thrown) {
    return thrown instanceof Error ? thrown.name : String(thrown);
  }
}

globalThis.addEventListener("message", async (event) => {
  const root = (event as MessageEvent<string>).data;
  const outcomes: Record<string, string> = {};
  for (const [name, attempt] of Object.entries(tries)) {
    outcomes[name] = await outcome(attempt, root);
  }
  (globalThis as unknown as { postMessage(data: unknown): void }).postMessage(outcomes);
});
