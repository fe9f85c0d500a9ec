import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { packProgram } from "../../src/build/pack.ts";
import { hostTarget, targetsOf } from "../../src/build/targets.ts";
import { launcherMissing } from "../support/launcher/small.ts";
import { tempDirectory } from "../support/temp.ts";

Deno.test("what deno compile makes is started by our loader, with our libraries", async () => {
  if (launcherMissing !== undefined) return console.log(`SKIPPED: ${launcherMissing} missing`);
  await using place = await tempDirectory();
  const [target] = targetsOf([hostTarget()]);
  const denort = place.join("denort");
  const source = fileURLToPath(new URL("../support/launcher/probe_denort.c", import.meta.url));
  const built = await new Deno.Command(target!.linux!.compiler, {
    args: ["-o", denort, source],
  }).output();
  assert.ok(built.success, new TextDecoder().decode(built.stderr));
  const bundle = place.join("plasmd.js");
  await Deno.writeTextFile(bundle, "globalThis.what = 'embedded program';\n");

  const { bytes, parts } = await withDenort(
    denort,
    () => packProgram({ target: target!, runtime: "denort", bundle, cache: place.path, epoch: 1 }),
  );
  assert.deepEqual(parts.map(({ role }) => role).filter((role) => role !== "library"), [
    "loader",
    "runtime",
  ]);
  const file = place.join("plasmd");
  await Deno.writeFile(file, bytes, { mode: 0o755 });
  const { code, stdout, stderr } = await new Deno.Command(file, {
    args: ["serve", "two words"],
    env: { PLASMD_CACHE_DIR: "" },
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.equal(code, 9);
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  assert.deepEqual(lines.slice(0, 3), ["arg plasmd", "arg serve", "arg two words"]);
  assert.equal(lines.at(-1), "embedded program found");
  assert.ok(lines.filter((line) => line === "library from a descriptor").length >= 1);
});

async function withDenort<T>(file: string, work: () => Promise<T>): Promise<T> {
  const before = Deno.env.get("DENORT_BIN");
  Deno.env.set("DENORT_BIN", file);
  try {
    return await work();
  } finally {
    if (before === undefined) Deno.env.delete("DENORT_BIN");
    else Deno.env.set("DENORT_BIN", before);
  }
}
