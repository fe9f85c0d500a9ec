/**
 * A dist/ as builds leave it, with a small program in the place of the executable.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { sharedFiles } from "../../src/build/release.ts";
import { sumsText } from "../../src/build/sums.ts";
import { projectRoot } from "./program.ts";

/** Where the release claims to be. */
export const releaseUrl = "https://releases.example/plasmd/releases";

/** What the small program says when it is asked for its version. */
export const smallVersion = "1.2.3";

/** Makes the directory. Returns its path. */
export async function dist(path: string, executable = "plasmd-linux-x64"): Promise<string> {
  await fs.mkdir(path, { recursive: true });
  await fs.writeFile(join(path, executable), `#!/bin/sh\necho "plasmd ${smallVersion}"\n`, {
    mode: 0o755,
  });
  for (const name of sharedFiles) {
    await fs.mkdir(dirname(join(path, name)), { recursive: true });
    await fs.writeFile(join(path, name), `this is ${basename(name)}\n`);
  }
  await fs.copyFile(`${projectRoot}dist/install.sh`, join(path, "install.sh"));
  await fs.writeFile(join(path, "SHA256SUMS"), await sumsText(path));
  return path;
}
