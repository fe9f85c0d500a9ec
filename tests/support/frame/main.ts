/**
 * A program that stands in the same frame as ours: a main thread that starts a confined daemon
 * Worker, which starts a hash Worker. `main.ts DIRECTORY` prints what worked in it, as JSON.
 *
 * @module
 */

import { startModule } from "../../../src/lib/worker.ts";
import { daemonPermissions } from "../../../src/node/confine.ts";

if (import.meta.main) {
  const directory = Deno.args[0]!;
  const worker = startModule({
    name: "frame_daemon",
    module: () => new URL("./daemon.ts", import.meta.url),
    starts: ["frame_hash"],
  }, {
    permissions: daemonPermissions({
      artifacts: directory,
      stateDir: directory,
      stateWritable: true,
    }),
  });
  worker.onmessage = ({ data }) => {
    console.log(JSON.stringify(data));
    Deno.exit(0);
  };
  worker.postMessage(directory);
}
