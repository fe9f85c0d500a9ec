/**
 * `deno task release sign --key FILE --url URL`: a directory with all files of a release, to be put
 * on a server as it is. The key stays where it lies; nothing is uploaded.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { sha256Hex } from "../lib/bytes.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { readReleaseKey, type ReleaseKey } from "./release_sign.ts";
import { sumsText } from "./sums.ts";

/** What a release is made of. */
export interface ReleaseOptions {
  /** dist/: executables with SHA256SUMS, man/, completions/ and install.sh. */
  readonly dist: string;
  readonly output: string;
  readonly key: ReleaseKey;
  /** Where releases will be: `URL/latest/download/FILE` and `URL/download/vVERSION/FILE`. */
  readonly url: string;
}

/** What is installed beside the executable: path in dist/. */
export const sharedFiles: readonly string[] = [
  "man/plasmd.1",
  "completions/plasmd.bash",
  "completions/_plasmd",
  "completions/plasmd.fish",
];

/**
 * Writes the release. Returns the names of its files.
 *
 * @throws {PlasmdError} `mismatch` where an executable isn't the one of SHA256SUMS, `io` where a
 * file is missing
 */
export async function signRelease(options: ReleaseOptions): Promise<string[]> {
  const { dist, output, key } = options;
  const paths = [...await checkedExecutables(dist), ...sharedFiles];
  await emptied(output);
  for (const path of paths) {
    await copy(join(dist, path), join(output, basename(path)));
  }
  const names = paths.map((path) => basename(path)).sort();
  const lines = await Promise.all(
    names.map(async (name) => `${sha256Hex(await Deno.readFile(join(output, name)))}  ${name}\n`),
  );
  const sums = new TextEncoder().encode(lines.join(""));
  await write(join(output, "SHA256SUMS"), sums);
  await write(join(output, "SHA256SUMS.sig"), key.sign(sums));
  const script = await Deno.readTextFile(join(dist, "install.sh"));
  await write(join(output, "install.sh"), bakedScript(script, options), 0o755);
  return [...names, "SHA256SUMS", "SHA256SUMS.sig", "install.sh"];
}

/** install.sh with the release key and the place of the releases written into it. */
export function bakedScript(
  script: string,
  { key, url }: Pick<ReleaseOptions, "key" | "url">,
): string {
  // Only characters that mean nothing to a shell inside of quotes.
  if (!/^https:\/\/[A-Za-z0-9._~:/@%-]+$/.test(url)) {
    throw new PlasmdError("usage", `Invalid URL "${url}"`, { hint: "as https://HOST/releases" });
  }
  const values = { release_key: key.keyid, release_url: url.replace(/\/+$/, "") };
  return Object.entries(values).reduce((text, [name, value]) => {
    const line = `\n${name}=""\n`;
    if (text.split(line).length !== 2) {
      throw new PlasmdError("malformed", `install.sh must have one line ${name}=""`);
    }
    return text.replace(line, () => `\n${name}="${value}"\n`);
  }, script);
}

/** What was built and what is signed must be the same: a file may have changed since. */
async function checkedExecutables(dist: string): Promise<string[]> {
  const written = await Deno.readTextFile(join(dist, "SHA256SUMS")).catch((thrown) => {
    throw toPlasmdError(thrown, "Cannot read SHA256SUMS: deno task compile writes it");
  });
  const found = await sumsText(dist);
  if (written === "" || written !== found) {
    throw new PlasmdError("mismatch", `The executables in "${dist}" are not those of SHA256SUMS`, {
      hint: "build them again: deno task compile --target all",
    });
  }
  return found.trimEnd().split("\n").map((line) => line.split("  ")[1]!);
}

/** Files of an earlier release go away; a directory of anything else is left alone. */
async function emptied(output: string): Promise<void> {
  await fs.mkdir(output, { recursive: true });
  const names = await fs.readdir(output);
  if (names.length > 0 && !names.includes("SHA256SUMS.sig")) {
    throw new PlasmdError("usage", `"${output}" has other files than those of a release`, {
      hint: "name an empty directory, or a new one, with --output",
    });
  }
  for (const name of names) await fs.rm(join(output, name));
}

/** What is published is readable to all, whatever the umask of the one who signs. */
async function write(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await fs.writeFile(path, content);
  await fs.chmod(path, mode);
}

async function copy(from: string, to: string): Promise<void> {
  try {
    await fs.copyFile(from, to);
    await fs.chmod(to, (await fs.stat(from)).mode & 0o111 ? 0o755 : 0o644);
  } catch (thrown) {
    throw toPlasmdError(thrown, `Cannot copy "${from}"`);
  }
}

/** Runs the task. Returns its exit code: 2 where the command line is wrong. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const { key: file, url, output } = parse(args);
    const key = await readReleaseKey(file);
    const dist = fileURLToPath(new URL("../../dist", import.meta.url));
    const names = await signRelease({ dist, output: output ?? join(dist, "release"), key, url });
    console.log(`signed by ${key.keyid}: ${names.join(" ")}`);
    return 0;
  } catch (thrown) {
    const { code, message, hint } = toPlasmdError(thrown);
    console.error(`error: ${message}${hint === undefined ? "" : `\nhint: ${hint}`}`);
    return code === "usage" ? 2 : 1;
  }
}

function parse(args: readonly string[]): { key: string; url: string; output?: string } {
  const hint = "deno task release sign --key FILE --url URL [--output DIR]";
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        key: { type: "string" },
        url: { type: "string" },
        output: { type: "string" },
      },
    });
    const { key, url, output } = values;
    if (positionals.join(" ") === "sign" && key !== undefined && url !== undefined) {
      return { key, url, output };
    }
  } catch (thrown) {
    throw new PlasmdError("usage", toPlasmdError(thrown).message, { hint });
  }
  throw new PlasmdError("usage", "It takes the word sign, a key and a URL", { hint });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
