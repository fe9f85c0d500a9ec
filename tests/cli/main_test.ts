import assert from "node:assert/strict";
import { runCommand } from "../../src/cli/main.ts";
import { errorCodes, PlasmdError } from "../../src/lib/errors.ts";
import { exitCodeFor } from "../../src/cli/exit.ts";
import { runProgram } from "../support/program.ts";
import { tempDirectory } from "../support/temp.ts";
import { fakeTerminal } from "../support/terminal.ts";

async function plasmd(...args: string[]) {
  const terminal = fakeTerminal();
  const code = await runCommand(args, terminal, new AbortController().signal);
  return { code, out: terminal.out(), err: terminal.err() };
}

Deno.test("version is printed, as JSON too", async () => {
  const text = await plasmd("version");
  assert.equal(text.code, 0);
  assert.match(text.out, /^plasmd \d+\.\d+\.\d+\n$/);
  const json = JSON.parse((await plasmd("version", "--json")).out);
  assert.deepEqual(Object.keys(json), ["version", "commit", "target", "runtime"]);
});

Deno.test("a misspelt command suggests the right one and exits 2", async () => {
  const { code, err } = await plasmd("verison");
  assert.equal(code, 2);
  assert.match(err, /did you mean .*version/);
});

Deno.test("a misspelt flag suggests the right one and exits 2", async () => {
  const { code, err } = await plasmd("serve", "--artefacts", "x");
  assert.equal(code, 2);
  assert.match(err, /did you mean .*--artifacts/);
});

Deno.test("a wrong value of a flag says what is wanted and exits 2", async () => {
  for (
    const [flag, value, wanted] of [
      ["--port", "99999", /0 to 65535/],
      ["--arch", "riscv", /arm64 or x86_64/],
      ["--channel", "Stable!", /a-z, 0-9/],
      ["--log-format", "xml", /text/],
    ] as const
  ) {
    const { code, err } = await plasmd("serve", "--artifacts", ".", flag, value);
    assert.equal(code, 2, flag);
    assert.match(err, wanted, flag);
    assert.doesNotMatch(err, /\n\s+at /);
  }
});

Deno.test("every command has help with an example", async () => {
  for (const command of ["serve", "version", "completion", "identity show", "identity new"]) {
    const { code, out } = await plasmd(...command.split(" "), "--help");
    assert.equal(code, 0, command);
    assert.match(out, new RegExp(`EXAMPLES\\n +(eval "\\$\\()?plasmd ${command}`), command);
  }
});

Deno.test("serve without a directory says how to try it out", async () => {
  const { code, err } = await plasmd("serve");
  assert.equal(code, 2);
  assert.match(err, /hint: .*--quick-start/);
});

Deno.test("the completion scripts ask the program, which proposes commands and flags", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    assert.match((await plasmd("completion", shell)).out, /plasmd __complete/);
  }
  assert.equal((await plasmd("__complete", "ser")).out, "serve\n");
  assert.match((await plasmd("__complete", "serve", "--art")).out, /--artifacts/);
  assert.equal((await plasmd("__complete", "serve", "--arch", "")).out, "arm64\nx86_64\n");
  assert.equal((await plasmd("completion", "tcsh")).code, 2);
});

Deno.test("every error code has an exit code of the design", () => {
  for (const code of errorCodes) {
    assert.ok([1, 2, 3, 4, 5, 126, 130].includes(exitCodeFor(new PlasmdError(code, "x"))), code);
  }
  assert.equal(exitCodeFor(new PlasmdError("untrusted", "x")), 4);
  assert.equal(exitCodeFor(new PlasmdError("nothing_found", "x")), 3);
  assert.equal(exitCodeFor(new PlasmdError("transfer", "x")), 5);
  assert.equal(exitCodeFor(new TypeError("x")), 1);
});

Deno.test("the bash script completes commands, shells and files in a real bash", async () => {
  await using directory = await tempDirectory();
  await Deno.writeTextFile(directory.join("manifest.json"), "");
  const script = (await plasmd("completion", "bash")).out;
  const main = new URL("../../main.ts", import.meta.url).pathname;
  const complete = async (...words: string[]) => {
    const { stdout } = await new Deno.Command("bash", {
      args: [
        "-c",
        `plasmd() { "$DENO" run -A --no-check -q "$MAIN" "$@"; }
${script}
COMP_WORDS=(plasmd "$@"); COMP_CWORD=$#; _plasmd; printf '%s\\n' "\${COMPREPLY[@]}"`,
        "bash",
        ...words,
      ],
      env: { DENO: Deno.execPath(), MAIN: main },
      cwd: directory.path,
    }).output();
    return new TextDecoder().decode(stdout).trim().split("\n");
  };
  assert.deepEqual(await complete("ver"), ["version"]);
  assert.ok((await complete("completion", "b")).includes("bash"));
  assert.ok((await complete("manifest", "show", "man")).includes("manifest.json"));
});

Deno.test("an address that isn't one is a wrong setting", async () => {
  await using directory = await tempDirectory();
  await Deno.mkdir(directory.join("artifacts"));
  await Deno.writeTextFile(directory.join("artifacts/vmlinuz"), "kernel");
  const { code, stderr } = await runProgram(
    [
      ...["serve", "--artifacts", "artifacts", "--host", "300.1.1.1", "--port", "0"],
      ...["--state-dir", "state", "--no-dht", "--no-mdns"],
    ],
    { cwd: directory.path, env: { PLASMD_IDENTITY: directory.join("identity.key") } },
  );
  assert.equal(code, 2);
  assert.match(stderr, /Cannot listen on "300\.1\.1\.1".*\n.*hint: .*--host/s);
});
