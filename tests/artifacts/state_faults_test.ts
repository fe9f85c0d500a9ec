import assert from "node:assert/strict";
import { join } from "node:path";
import { catalogPlace } from "../support/artifacts.ts";

const kernel = "a kernel";

/** What may lie where the state directory should be, or in it. */
const faults: Record<string, (stateDir: string) => Promise<void>> = {
  "is missing": (stateDir) => Deno.remove(stateDir),
  "is a file": async (stateDir) => {
    await Deno.remove(stateDir);
    await Deno.writeTextFile(stateDir, "x");
  },
  "can't be written": (stateDir) => Deno.chmod(stateDir, 0o500),
  "can't be read": (stateDir) => Deno.chmod(stateDir, 0o000),
  "has directories in the place of files": async (stateDir) => {
    await Deno.mkdir(join(stateDir, "hash-cache"));
    await Deno.mkdir(join(stateDir, "manifests/stable.arm64.json"), { recursive: true });
  },
  "has files in the place of directories": (stateDir) =>
    Deno.writeTextFile(join(stateDir, "manifests"), "x"),
};
for (const [name, fault] of Object.entries(faults)) {
  Deno.test(`a state directory that ${name} stops nothing`, async () => {
    await using place = await catalogPlace({ kernel });
    await fault(place.stateDir);
    try {
      for (let start = 0; start < 2; start++) {
        await using catalog = await place.open();
        const artifact = catalog.list()[0]!.artifacts.get("kernel")!;
        assert.equal(await artifact.read(new Uint8Array(100), 0), kernel.length);
      }
    } finally {
      if (name.startsWith("can't")) await Deno.chmod(place.stateDir, 0o700);
    }
    const warnings = place.log.warnings().join("\n");
    // A missing one is made, and root may write where others may not.
    const silent = name === "is missing" || (name.startsWith("can't") && Deno.uid() === 0);
    if (silent) assert.equal(warnings, "");
    else assert.match(warnings, /not kept/);
  });
}

Deno.test("artifacts that this user may not read are named before anything is hashed", async () => {
  if (Deno.uid() === 0) return console.log("SKIPPED: root may read everything");
  await using place = await catalogPlace({ kernel, rootfs: "r" });
  const rootfs = join(place.artifacts, "rootfs");
  await Deno.chmod(rootfs, 0o000);
  let hashed = 0;
  await assert.rejects(place.open({ onProgress: () => hashed++ }), {
    code: "permission",
    message: /Cannot open ".*rootfs": .*permission denied/i,
  });
  assert.equal(hashed, 0);
  await Deno.chmod(place.artifacts, 0o300);
  await assert.rejects(place.open(), { code: "artifacts", message: /artifacts": .*permission/i });
  await Deno.chmod(place.artifacts, 0o700);
});
