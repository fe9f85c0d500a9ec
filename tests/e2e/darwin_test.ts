/**
 * The executables for macOS, as far as Linux can tell: what is in them, and that it is whole. Nothing
 * here runs them.
 *
 * @module
 */

import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { compileDenort } from "../../src/build/denort.ts";
import { npmRuntime } from "../../src/build/npm_runtime.ts";
import { packProgram } from "../../src/build/pack.ts";
import { targetsOf } from "../../src/build/targets.ts";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { commandsOf, magic } from "../support/mach_o.ts";
import { projectRoot } from "../support/program.ts";
import { tempDirectory } from "../support/temp.ts";
import { needing } from "../support/tools.ts";

const [darwin] = targetsOf(["darwin-arm64"]);
const cache = `${projectRoot}.cache/build`;
const program = "globalThis.onlyThis = 'embedded program';\n";

Deno.test(
  "the self-extracting executable holds the runtime of the package, a Mach-O for arm64, unchanged",
  needing({ tools: ["sh", "gzip", "sha256sum"] }, async () => {
    await using place = await tempDirectory();
    const bundle = place.join("plasmd.js");
    await fs.writeFile(bundle, program);
    const { bytes } = await packProgram({
      ...{ target: darwin!, runtime: "npm", bundle, cache, epoch: 1 },
    });
    const file = place.join("plasmd-darwin-arm64");
    await fs.writeFile(file, bytes, { mode: 0o755 });
    // It unpacks, and then can't start what it has unpacked.
    const { code } = await new Deno.Command(file, {
      args: ["version"],
      env: { PLASMD_CACHE_DIR: place.join("cache") },
      stdout: "null",
      stderr: "null",
    }).output();
    assert.notEqual(code, 0);
    const [key] = await fs.readdir(place.join("cache"));
    const unpacked = new Uint8Array(await fs.readFile(place.join("cache", key!, "plasmd")));
    const runtime = await fs.readFile(await npmRuntime(darwin!, { cache }));
    assert.equal(sha256Hex(unpacked), sha256Hex(runtime));
    assert.equal(await fs.readFile(place.join("cache", key!, "plasmd.js"), "utf8"), program);
    const { cpu, type, commands } = commandsOf(unpacked);
    assert.equal(cpu, magic.arm64);
    assert.equal(type, magic.executable);
    assert.ok(commands.some((one) => one.kind === magic.codeSignature), "it is signed");
  }),
);

Deno.test(
  "what deno compile makes is a signed Mach-O for arm64 with the program in a section",
  needing({}, async () => {
    await using place = await tempDirectory();
    const bundle = place.join("plasmd.js");
    await fs.writeFile(bundle, program);
    const output = place.join("plasmd");
    const runtime = await npmRuntime(darwin!, { cache });
    const before = Deno.env.get("DENORT_BIN");
    Deno.env.set("DENORT_BIN", runtime);
    try {
      await compileDenort({ target: darwin!, bundle, output, epoch: 1_700_000_000 });
    } finally {
      if (before === undefined) Deno.env.delete("DENORT_BIN");
      else Deno.env.set("DENORT_BIN", before);
    }
    const bytes = new Uint8Array(await fs.readFile(output));
    const { cpu, type, commands } = commandsOf(bytes);
    assert.equal(cpu, magic.arm64);
    assert.equal(type, magic.executable);
    const section = commands.flatMap(({ sections }) => sections)
      .find(({ segment }) => segment === "__SUI");
    assert.ok(section !== undefined, "there is a section for the program");
    const held = bytes.subarray(section.offset, section.offset + section.size);
    assert.ok(new TextDecoder("latin1").decode(held).includes(program));
    const signature = commands.find(({ kind }) => kind === magic.codeSignature);
    assert.ok(signature?.data !== undefined, "it is signed");
    const view = new DataView(bytes.buffer, bytes.byteOffset + signature.data.offset);
    assert.equal(view.getUint32(0), magic.superBlob);
    assert.equal(signature.data.offset + signature.data.size, bytes.length);
  }),
);
