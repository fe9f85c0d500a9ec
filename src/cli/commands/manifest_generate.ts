/**
 * `plasmd manifest generate`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import type { Manifest } from "../../formats/manifest.ts";
import { type Arch, defaultChannel, machineArch } from "../../formats/names.ts";
import type { Identity } from "../../identity/key_file.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { command, jsonFlag, textFlag } from "../command.ts";
import type { Context, Run } from "../context.ts";
import { archFlag, channelFlag } from "../flags.ts";
import { parseDays } from "../parse.ts";
import { makeProgress } from "../progress.ts";

/** The options of `manifest generate`. */
type GenerateFlags = {
  readonly artifacts?: string;
  readonly output?: string;
  readonly sign: boolean;
  readonly channel?: string;
  readonly arch?: Arch;
  readonly cmdline?: string;
  readonly imageVersion?: string;
  readonly expiresIn?: number;
  readonly signingKey?: string;
  readonly keyLists?: string;
  readonly json: boolean;
};

/** The command. */
export const manifestGenerateCommand: Command<Context> = command<GenerateFlags>({
  brief: "Make the manifest of a directory of boot artifacts",
  description:
    "Hashes the kernel, initramfs and rootfs of a directory and writes their manifest. " +
    "With --sign it is signed with this machine's key (made when it is missing) or with " +
    "--signing-key; without, it counts nothing until 'plasmd manifest sign' has signed it.",
  examples: [
    [
      "plasmd manifest generate --artifacts ./artifacts --output ./artifacts/manifest.json --sign",
      "publish a directory, to be served by any provider",
    ],
    [
      "plasmd manifest generate --artifacts DIR --output m.json --channel testing --arch arm64",
      "a manifest that is signed elsewhere",
    ],
  ],
  flags: {
    artifacts: textFlag("The directory with the artifacts, flat or {channel}/{arch}/", "DIR"),
    output: textFlag("Where the manifest goes", "FILE"),
    sign: { kind: "boolean", brief: "Sign it", default: false, withNegated: false },
    channel: { ...channelFlag, brief: "The channel; default: stable" },
    arch: { ...archFlag, brief: "arm64 or x86_64; default: this machine's" },
    cmdline: textFlag("The kernel command line of the image", "TEXT"),
    imageVersion: textFlag("The image's version; default: the date", "V"),
    expiresIn: {
      kind: "parsed",
      parse: parseDays,
      brief: "How long the manifest is valid: 30d, 12h; at most 90d",
      placeholder: "TIME",
      optional: true,
    },
    signingKey: textFlag("Sign with this key instead of the machine's own", "FILE"),
    keyLists: textFlag("The key lists that 'plasmd publisher' made, for pinned root keys", "FILE"),
    json: jsonFlag,
  },
  async run(run, flags) {
    const { artifacts, output } = requiredOf(flags);
    const { generateManifest } = await import("../../artifacts/generate.ts");
    const { writeAtomic } = await import("../../lib/files.ts");
    const { channel = defaultChannel, arch = machineArch() } = flags;
    using progress = makeProgress(run.ui, run.deps.clock, "Hashing");
    const { manifest, bytes } = await generateManifest({
      directory: artifacts,
      channel,
      arch,
      exactly: flags.channel !== undefined || flags.arch !== undefined,
      cmdline: flags.cmdline,
      imageVersion: flags.imageVersion,
      lifetimeMs: flags.expiresIn,
      lastSequence: await sequenceIn(output),
      keyLists: await keyListsOf(run, flags),
      identity: await signerOf(run, flags),
      signal: run.signal,
      onProgress: (done, total, label) => progress.update(done, total, label),
    }, run.deps);
    await writeAtomic(output, bytes);
    progress[Symbol.dispose]();
    await report(run, flags, manifest, output);
  },
});

function requiredOf({ artifacts, output }: GenerateFlags): { artifacts: string; output: string } {
  if (artifacts !== undefined && output !== undefined) return { artifacts, output };
  const missing = artifacts === undefined ? "--artifacts" : "--output";
  throw new PlasmdError("usage", `Cannot make a manifest: ${missing} is missing`, {
    hint: "plasmd manifest generate --artifacts DIR --output FILE --sign",
  });
}

/** DESIGN 14: --sign makes the machine's own key; a key that was named must be there. */
async function signerOf({ deps }: Run, flags: GenerateFlags): Promise<Identity | undefined> {
  const { readIdentity, readOrCreateIdentity } = await import("../../identity/key_file.ts");
  if (flags.signingKey !== undefined) return await readIdentity(flags.signingKey);
  return flags.sign ? await readOrCreateIdentity(undefined, deps) : undefined;
}

async function keyListsOf({ deps }: Run, { keyLists }: GenerateFlags) {
  if (keyLists === undefined) return undefined;
  const { readKeyLists } = await import("../../artifacts/publisher_keys.ts");
  return await readKeyLists(keyLists, deps.clock.now());
}

/** The sequence of the manifest that is replaced: the new one's must be higher. */
async function sequenceIn(output: string): Promise<number | undefined> {
  const { parseManifest } = await import("../../formats/manifest.ts");
  const { readManifestFile } = await import("../manifest_text.ts");
  try {
    return parseManifest(await readManifestFile(output)).sequence;
  } catch {
    return undefined; // there is none, or it is no manifest: nothing to be higher than
  }
}

async function report(
  { ui }: Run,
  { json }: GenerateFlags,
  manifest: Manifest,
  output: string,
): Promise<void> {
  const { manifestId } = await import("../../formats/manifest.ts");
  const { manifestResult } = await import("../manifest_text.ts");
  const signers = manifest.signatures.map(({ keyid }) => keyid);
  if (json) return ui.json({ ...manifestResult(manifest, signers), file: output });
  ui.result(`${output}: ${manifest.channel}/${manifest.arch} ${manifestId(manifest)}`);
  if (signers.length > 0) return ui.result(`signed by ${signers.join(", ")}`);
  ui.note(`not signed yet: plasmd manifest sign ${output}`);
}
