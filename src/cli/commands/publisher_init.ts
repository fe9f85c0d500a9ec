/**
 * `plasmd publisher init`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { PlasmdError } from "../../lib/errors.ts";
import { command } from "../command.ts";
import type { Context } from "../context.ts";
import { type ListFlags, listFlags, roleFlags } from "../publisher_flags.ts";

/** The command. */
export const publisherInitCommand: Command<Context> = command<ListFlags>({
  brief: "Make the first key list: who signs manifests, and who may change that",
  description:
    "Root keys sign key lists and nothing else, and stay on machines without a network; publish " +
    "keys sign manifests. Clients pin the root keys (--trust root:KEYID), so that publish keys " +
    "can change without touching a client. The file goes into manifests: --key-lists FILE.",
  examples: [
    [
      "plasmd publisher init --root ed25519:... --publish ed25519:... --key root.key " +
      "--output keys.json",
      "one root key, one publish key",
    ],
    [
      "plasmd publisher init --root ed25519:... --root ed25519:... --root ed25519:... " +
      "--root-threshold 2 --publish ed25519:... --output keys.json",
      "two of three people must sign, each with plasmd publisher sign",
    ],
  ],
  flags: {
    ...roleFlags,
    ...listFlags,
    output: {
      ...listFlags.output,
      brief: "Where the lists go; an existing file is never replaced",
    },
  },
  async run({ ui, deps }, flags) {
    const { firstList } = await import("../../trust/next_list.ts");
    const { finishLists, roleFrom } = await import("../publisher_file.ts");
    const root = roleFrom(flags.root, flags.rootThreshold);
    const publish = roleFrom(flags.publish, flags.publishThreshold);
    const { output, key, json, expiresIn: lifetimeMs } = flags;
    if (!root || !publish || output === undefined) throw incomplete();
    const lists = firstList({ root, publish, lifetimeMs }, deps.clock.now());
    await finishLists(ui, lists, { file: output, keys: key, exclusive: true, json });
  },
});

function incomplete(): PlasmdError {
  return new PlasmdError("usage", "Cannot make a key list without root keys and publish keys", {
    hint: "plasmd publisher init --root KEYID --publish KEYID --key FILE --output FILE",
  });
}
