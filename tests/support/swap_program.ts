/**
 * A provider of a directory whose files count as soon as they are left alone for a moment, so that
 * hundreds of changes fit into a test. Says where it listens; ends on SIGTERM.
 *
 * @module
 */

import { openCatalog } from "../../src/artifacts/catalog.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { testIdentity } from "./manifests.ts";
import { startTestServer } from "./http.ts";

/** Milliseconds for which files must be left alone. */
const settleMs = 20;

const [directory, stateDir] = Deno.args as [string, string];
const stop = Promise.withResolvers<void>();
Deno.addSignalListener("SIGTERM", stop.resolve);
await using catalog = await openCatalog({
  directory,
  stateDir,
  channel: "stable",
  arch: "arm64",
  identity: testIdentity(1),
  watch: true,
  settleMs,
}, systemDeps());
await using server = await startTestServer({ catalog });
console.log(JSON.stringify({ port: server.port }));
await stop.promise;
await server.drain();
Deno.exit(0);
