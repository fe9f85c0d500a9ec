/**
 * `plasmd boot verify`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import type { Arch, ArtifactName } from "../../formats/names.ts";
import { bootPolicy, imageFlags, type TrustFlags, trustFlags } from "../boot_flags.ts";
import { command, jsonFlag } from "../command.ts";
import type { Context } from "../context.ts";

/** The options of `boot verify`. */
type VerifyFlags = TrustFlags & {
  readonly channel?: string;
  readonly arch?: Arch;
  readonly artifact?: readonly ArtifactName[];
  readonly allowRollback: boolean;
  readonly stateDir?: string;
  readonly json: boolean;
};

/** The command. */
export const bootVerifyCommand: Command<Context> = command<VerifyFlags, [string]>({
  brief: "Check a fetched image: its manifest and every file",
  description: "Checks manifest.json in the directory as a fetch does, then the files beside it. " +
    "Exit code 0: all of it is what a trusted publisher signed; 4: it is not.",
  examples: [
    ["plasmd boot verify image --trust ed25519:...", "is this image whole and signed by this key?"],
    ["plasmd boot verify image --artifact kernel", "only the kernel, as trust.toml says"],
  ],
  flags: { ...trustFlags, ...imageFlags, json: jsonFlag },
  positional: {
    kind: "tuple",
    parameters: [{ brief: "The directory", placeholder: "DIR", parse: String }],
  },
  async run({ ui, deps, signal }, flags, directory) {
    const { bootVerify } = await import("../../boot/verify.ts");
    const { stateDirectory } = await import("../../lib/state_dir.ts");
    const { makeProgress } = await import("../progress.ts");
    using progress = makeProgress(ui, deps.clock, "verifying");
    const { verified, files } = await bootVerify(directory, {
      ...flags,
      policy: await bootPolicy(flags),
      artifacts: flags.artifact,
      stateDir: stateDirectory(flags.stateDir),
      signal,
      onProgress: progress.update,
    }, deps);
    progress[Symbol.dispose]();
    const { manifest, id, signers } = verified;
    const { version, sequence, channel, arch } = manifest;
    if (flags.json) {
      ui.json({ manifest_id: id, version, sequence, channel, arch, signers, files });
      return;
    }
    const names = files.map(({ name }) => name).join(", ");
    ui.result(
      `${directory}: ${names} of ${channel}/${arch} ${version} verified, ` +
        `signed by ${signers.join(", ")}`,
    );
  },
});
