/**
 * `plasmd manifest sign`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { PlasmdError } from "../../lib/errors.ts";
import { command, jsonFlag, textFlag } from "../command.ts";
import type { Context } from "../context.ts";

/** The options of `manifest sign`. */
type SignFlags = {
  readonly key?: string;
  readonly output?: string;
  readonly json: boolean;
};

/** The command. */
export const manifestSignCommand: Command<Context> = command<SignFlags, [string]>({
  brief: "Add a signature to a manifest, and keep those that it has",
  description: "Signs a manifest as it is with another key, so that it can reach a threshold. " +
    "The manifest's id stays the same. Look at it first: plasmd manifest show FILE.",
  examples: [
    ["plasmd manifest sign manifest.json --key second.key", "add the signature of a second key"],
    ["plasmd manifest sign manifest.json --output signed.json", "sign a copy with the own key"],
  ],
  flags: {
    key: textFlag("The key file that signs, instead of this machine's", "FILE"),
    output: textFlag("Where the result goes, instead of the same file", "FILE"),
    json: jsonFlag,
  },
  positional: {
    kind: "tuple",
    parameters: [{ brief: "The manifest", placeholder: "FILE", parse: String }],
  },
  async run({ ui }, { key, output, json }, file) {
    const { checkNoRoot } = await import("../../artifacts/publisher_keys.ts");
    const { parseManifest } = await import("../../formats/manifest.ts");
    const { manifestPrefix, sign, validSigners } = await import("../../formats/signed.ts");
    const { readIdentity } = await import("../../identity/key_file.ts");
    const { writeAtomic } = await import("../../lib/files.ts");
    const { manifestResult, readManifestFile } = await import("../manifest_text.ts");
    const manifest = parseManifest(await readManifestFile(file));
    const identity = await readIdentity(key);
    checkNoRoot(manifest.key_lists ?? [], identity.keyid);
    const bytes = sign(manifestPrefix, manifest, [identity]);
    // What is written is read once more as a client reads it: a signature can pass a limit.
    const signed = parseManifest(bytes);
    const signers = validSigners(manifestPrefix, signed);
    if (!signers.includes(identity.keyid)) {
      throw new PlasmdError("internal", `The signature of ${identity.keyid} does not verify`);
    }
    await writeAtomic(output ?? file, bytes);
    if (signers.length < signed.signatures.length) {
      ui.warn(
        "the manifest carries signatures that are not valid; they are kept, and count nothing",
      );
    }
    if (json) return ui.json({ ...manifestResult(signed, signers), file: output ?? file });
    ui.result(`${output ?? file}: signed by ${signers.join(", ")}`);
  },
});
