import assert from "node:assert/strict";
import { compileDenort, denortArgs } from "../../src/build/denort.ts";
import { targetsOf } from "../../src/build/targets.ts";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";

const [target] = targetsOf(["linux-x64"]);
const program = "globalThis.onlyThis = 'embedded program';\n";

Deno.test("deno compile embeds the bundle and nothing else, with our flags", async () => {
  await using directory = await tempDirectory();
  const { metadata, files, text } = embedded(await compile(directory, "plasmd"));
  assert.deepEqual(files, ["plasmd.js"]);
  assert.ok(text.includes(program));
  assert.deepEqual(metadata.argv, []);
  assert.equal(metadata.entrypoint_key, "plasmd.js");
  assert.equal(metadata.permissions.prompt, false);
  for (const right of ["read", "write", "net", "env", "run", "ffi", "sys"]) {
    assert.deepEqual(metadata.permissions[`allow_${right}`], [], `${right} is allowed as a whole`);
    assert.equal(metadata.permissions[`deny_${right}`] ?? null, null);
  }
  assert.deepEqual(metadata.unstable_config.features, ["worker-options"]);
  assert.equal(metadata.node_modules, null);
  assert.equal(metadata.workspace_resolver.import_map, null);
  assert.equal(metadata.app_name, "plasmd");
});

Deno.test("two builds of one bundle are the same, byte for byte", async () => {
  await using directory = await tempDirectory();
  const first = sha256Hex(await compile(directory, "first"));
  await Deno.utime(directory.join("plasmd.js"), 1, 1);
  assert.equal(sha256Hex(await compile(directory, "second")), first);
});

Deno.test("every target is asked for by its own name", () => {
  for (const each of targetsOf(["all"])) {
    const args = denortArgs({ target: each, bundle: "b.js", output: "out", epoch: 0 });
    assert.equal(args[0], "compile");
    assert.equal(args.at(-1), "b.js");
    assert.ok(args.includes(`--target=${each.triple}`));
    assert.ok(args.includes("--no-prompt"));
  }
});

/** Compiles with this very deno in denort's place: it embeds all the same, but could not run. */
async function compile(
  directory: TempDirectory,
  name: string,
): Promise<Uint8Array> {
  const bundle = directory.join("plasmd.js");
  await Deno.writeTextFile(bundle, program);
  const before = Deno.env.get("DENORT_BIN");
  Deno.env.set("DENORT_BIN", Deno.execPath());
  try {
    const output = directory.join(name);
    await compileDenort({ target: target!, bundle, output, epoch: 1_700_000_000 });
    return await Deno.readFile(output);
  } finally {
    if (before === undefined) Deno.env.delete("DENORT_BIN");
    else Deno.env.set("DENORT_BIN", before);
  }
}

/** What lies behind the last mark of the runtime's embedded data. */
function embedded(bytes: Uint8Array) {
  const text = new TextDecoder("latin1").decode(bytes.subarray(-65_536));
  const start = text.indexOf('{"argv"');
  const metadata = JSON.parse(jsonAt(text, start));
  const tree = text.indexOf('[{"File"');
  const entries: { File: { n: string } }[] = JSON.parse(jsonAt(text, tree));
  return { metadata, files: entries.map(({ File }) => File.n), text };
}

/** The JSON value that starts there. */
function jsonAt(text: string, start: number): string {
  assert.notEqual(start, -1, "there is embedded data");
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if ("[{".includes(text[i]!)) depth++;
    if ("]}".includes(text[i]!) && --depth === 0) return text.slice(start, i + 1);
  }
  throw new Error("the embedded data is cut");
}
