import assert from "node:assert/strict";
import { programCommand, projectRoot } from "../support/program.ts";
import { tempDirectory } from "../support/temp.ts";

/** A section of docs/keys.md and the shell lines that it shows. */
interface Section {
  readonly title: string;
  readonly script: string;
}

async function sections(): Promise<Section[]> {
  const page = await Deno.readTextFile(`${projectRoot}docs/keys.md`);
  return page.split(/^## /m).slice(1).map((text) => ({
    title: text.split("\n")[0]!,
    // Blocks inside of a numbered step are indented.
    script: [...text.matchAll(/^( *)```sh\n([^]*?)^ *```$/gm)].map(([, , block]) => block).join(""),
  })).filter(({ script }) => script !== "");
}

/** A program `plasmd` that is this project's. */
async function wrapper(path: string): Promise<void> {
  const quoted = programCommand([]).map((word) => `'${word}'`).join(" ");
  await Deno.writeTextFile(path, `#!/bin/sh\nexec ${quoted} "$@"\n`, { mode: 0o755 });
}

/** Runs shell lines in a directory with an image and nothing else. */
async function run(script: string) {
  await using directory = await tempDirectory();
  await Deno.mkdir(directory.join("image"));
  await Deno.writeFile(directory.join("image", "vmlinuz"), new Uint8Array(1000).fill(1));
  await Deno.mkdir(directory.join("bin"));
  await wrapper(directory.join("bin", "plasmd"));
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-euc", script],
    cwd: directory.path,
    env: {
      PATH: `${directory.join("bin")}:${Deno.env.get("PATH")}`,
      XDG_CONFIG_HOME: directory.path,
      NO_COLOR: "1",
    },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

const count = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;

const [setUp, ...others] = await sections();

Deno.test("docs/keys.md has a section for each way to lose a key", () => {
  assert.equal(setUp?.title, "Set up");
  assert.deepEqual(others.map(({ title }) => title), [
    "A key list is about to expire",
    "A publish key is lost",
    "A publish key is stolen",
    "A root key is lost",
    "A root key is stolen",
    "Too many root keys are lost or stolen",
    "Two people sign each manifest",
  ]);
});

for (const { title, script } of others) {
  Deno.test(`docs/keys.md, step by step: ${title}`, async () => {
    const { code, out, err } = await run(setUp!.script + script);
    assert.equal(code, 0, err);
    const lines = setUp!.script + script;
    // What has to be refused is, and nothing else.
    const refusals = count(lines, /\|\| echo "refused"/g);
    assert.equal(count(out, /^refused$/gm), refusals, out);
    assert.equal(count(err, /^error: /gm), refusals, err);
    const asked = count(lines, /^ *(?:verify|plasmd manifest verify) .*$/gm);
    const trusted = count(out, /^\S+\.json: trusted, stable\//gm);
    const untrusted = count(lines, /verify .*\|\| echo "refused"/g);
    // The body of verify() is one of the lines that ask.
    assert.equal(trusted, asked - untrusted - 1, out);
  });
}
