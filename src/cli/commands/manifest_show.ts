/**
 * `plasmd manifest show`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { command, jsonFlag } from "../command.ts";
import type { Context } from "../context.ts";

/** The command. */
export const manifestShowCommand: Command<Context> = command<{ json: boolean }, [string]>({
  brief: "Print a manifest for people",
  description: "Prints what a manifest says and whose signatures on it are valid. It asks no " +
    "policy: whether to trust those keys is what `plasmd manifest verify` answers.",
  examples: [["plasmd manifest show manifest.json", "what it says, and who signed it"]],
  flags: { json: jsonFlag },
  positional: {
    kind: "tuple",
    parameters: [{ brief: "The manifest", placeholder: "FILE", parse: String }],
  },
  async run({ ui, deps }, { json }, file) {
    const { parseManifest } = await import("../../formats/manifest.ts");
    const { manifestPrefix, validSigners } = await import("../../formats/signed.ts");
    const { manifestResult, manifestText, readManifestFile } = await import("../manifest_text.ts");
    const manifest = parseManifest(await readManifestFile(file));
    if (!json) return ui.result(manifestText(manifest, deps.clock.now()));
    const signers = validSigners(manifestPrefix, manifest);
    ui.json({ ...manifestResult(manifest, signers), manifest });
  },
});
