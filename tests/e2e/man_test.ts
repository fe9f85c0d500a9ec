import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { programCommand, projectRoot } from "../support/program.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { needing, runTool } from "../support/tools.ts";

const page = `${projectRoot}dist/man/plasmd.1`;

Deno.test(
  "man renders the page without a warning",
  needing({ tools: ["man"] }, async () => {
    const { code, stdout, stderr } = await new Deno.Command("man", {
      args: ["--warnings", "-l", page],
      env: { MANPAGER: "cat", MANWIDTH: "100", LC_ALL: "C.UTF-8" },
    }).output();
    assert.deepEqual([code, new TextDecoder().decode(stderr)], [0, ""]);
    assert.match(new TextDecoder().decode(stdout), /plasmd boot fetch \[options\] \[URL\]/);
  }),
);

Deno.test(
  "mandoc has nothing to say against the page but that it has no date",
  needing({ tools: ["mandoc"] }, async () => {
    const { stdout } = await new Deno.Command("mandoc", {
      args: ["-Tlint", "-Wwarning", page],
    }).output();
    const lines = new TextDecoder().decode(stdout).trim().split("\n");
    assert.deepEqual(lines.filter((line) => line !== "" && !/missing date/.test(line)), []);
  }),
);

/** A directory with `plasmd` in it, for a PATH. */
async function withProgram(place: TempDirectory): Promise<string> {
  const words = programCommand([]).map((word) => `'${word}'`).join(" ");
  await fs.writeFile(place.join("plasmd"), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  return `export PATH='${place.path}':"$PATH"`;
}

Deno.test(
  "bash completes with the script that is installed",
  needing({ tools: ["bash"] }, async () => {
    await using place = await tempDirectory();
    const lines = [
      await withProgram(place),
      `. '${projectRoot}dist/completions/plasmd.bash'`,
      "COMP_WORDS=(plasmd boot fe) COMP_CWORD=2; _plasmd",
      'printf "%s\\n" "${COMPREPLY[@]}"; complete -p plasmd',
    ];
    const printed = await runTool("bash", "-c", lines.join("\n"));
    assert.equal(printed, "fetch\ncomplete -o filenames -F _plasmd plasmd\n");
  }),
);

Deno.test(
  "zsh loads the completion by its name",
  needing({ tools: ["zsh"] }, async () => {
    await using place = await tempDirectory();
    const lines = [
      `fpath=('${projectRoot}dist/completions' $fpath)`,
      `autoload -Uz compinit && compinit -u -d '${place.join("dump")}'`,
      "print $_comps[plasmd]",
      "compadd() { print -- ${@[2,-1]} }; _files() { }",
      await withProgram(place),
      "words=(plasmd boot fe); CURRENT=3; _plasmd; CURRENT=3; _plasmd",
    ];
    assert.equal(await runTool("zsh", "-f", "-c", lines.join("\n")), "_plasmd\nfetch\nfetch\n");
  }),
);

Deno.test(
  "fish completes with the script that is installed",
  needing({ tools: ["fish"] }, async () => {
    await using place = await tempDirectory();
    await withProgram(place);
    const lines = [
      `set -x PATH '${place.path}' $PATH`,
      `source '${projectRoot}dist/completions/plasmd.fish'`,
      "complete -C 'plasmd boot fe'",
    ];
    assert.match(await runTool("fish", "--no-config", "-c", lines.join("\n")), /^fetch$/m);
  }),
);
