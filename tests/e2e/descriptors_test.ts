/**
 * A provider that has few descriptors outlives a flood of connections.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { requestText, sendRaw } from "../support/http.ts";
import { startProvider } from "../support/provider.ts";
import { tempDirectory } from "../support/temp.ts";
import { needing } from "../support/tools.ts";

Deno.test(
  "a provider with 300 descriptors goes on after 600 connections at once",
  needing({ tools: ["prlimit"] }, async () => {
    await using home = await tempDirectory();
    const image = `${home.path}/image`;
    await Deno.mkdir(image);
    await Deno.writeFile(`${image}/vmlinuz`, new Uint8Array(65_536).fill(7));
    const prefix = ["prlimit", "--nofile=300:300"];
    await using provider = await startProvider(image, home.path, { prefix });
    const flood: Deno.TcpConn[] = [];
    for (let i = 0; i < 600; i++) {
      flood.push(await Deno.connect({ hostname: "127.0.0.1", port: provider.port }));
    }
    for (const connection of flood) connection.close();
    equal(await eventually(provider.port), 200);
  }),
);

/** The refused ones linger for a second: ask until there is room. */
async function eventually(port: number): Promise<number> {
  const start = performance.now();
  while (true) {
    const { status } = await sendRaw(port, requestText("/kernel"));
    if (status === 200 || performance.now() - start > 10_000) return status;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
