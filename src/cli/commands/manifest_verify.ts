/**
 * `plasmd manifest verify`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import type { Arch } from "../../formats/names.ts";
import { command, jsonFlag, textFlag, textsFlag } from "../command.ts";
import type { Context } from "../context.ts";
import { archFlag, channelFlag } from "../flags.ts";
import { parseThreshold } from "../parse.ts";

/** The options of `manifest verify`. */
type VerifyFlags = {
  readonly trust?: readonly string[];
  readonly threshold?: number;
  readonly channel?: string;
  readonly arch?: Arch;
  readonly artifacts?: string;
  readonly json: boolean;
};

/** The command. */
export const manifestVerifyCommand: Command<Context> = command<VerifyFlags, [string]>({
  brief: "Check whether a manifest can be trusted",
  description: "Checks form, signatures, channel, arch and times as a client does, against the " +
    "keys given or, without any, against trust.toml. Exit code 0: trusted; 4: refused. It keeps " +
    "nothing: what was accepted before is not asked.",
  examples: [
    ["plasmd manifest verify manifest.json --trust ed25519:...", "signed by this key?"],
    [
      "plasmd manifest verify manifest.json --trust ed25519:... --trust ed25519:... --threshold 2",
      "signed by both keys?",
    ],
    ["plasmd manifest verify manifest.json --artifacts .", "are these its files, too?"],
  ],
  flags: {
    trust: textsFlag(
      "A publisher's key, or root:KEYID for a root key; may be given several times",
      "KEYID",
    ),
    threshold: {
      kind: "parsed",
      parse: parseThreshold,
      brief: "How many of the keys must have signed; default: 1",
      placeholder: "N",
      optional: true,
    },
    channel: { ...channelFlag, brief: "The channel that it must be for; default: any" },
    arch: { ...archFlag, brief: "The arch that it must be for; default: any" },
    artifacts: textFlag("A directory whose files must be the manifest's", "DIR"),
    json: jsonFlag,
  },
  positional: {
    kind: "tuple",
    parameters: [{ brief: "The manifest", placeholder: "FILE", parse: String }],
  },
  async run({ ui, deps }, { trust, threshold, channel, arch, artifacts, json }, file) {
    const { policyOf } = await import("../verify_policy.ts");
    const { verifyManifest } = await import("../../trust/verify.ts");
    const { manifestResult, readManifestFile } = await import("../manifest_text.ts");
    const bytes = await readManifestFile(file);
    const policy = await policyOf(bytes, { trust, threshold });
    const verified = verifyManifest(bytes, { policy, channel, arch, now: deps.clock.now() });
    if (artifacts !== undefined) {
      const { checkFiles } = await import("../check_files.ts");
      await checkFiles(verified, artifacts);
    }
    const { manifest, signers } = verified;
    if (json) return ui.json(manifestResult(manifest, signers));
    const files = artifacts === undefined ? "" : `, its files are those of "${artifacts}"`;
    ui.result(
      `${file}: trusted, ${manifest.channel}/${manifest.arch} ${manifest.version}, ` +
        `signed by ${signers.join(", ")}${files}`,
    );
  },
});
