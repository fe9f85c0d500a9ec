import assert from "node:assert/strict";
import { checkHandover } from "../../src/cli/check_handover.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { fakeClock } from "../support/clock.ts";
import { madeAt, signedManifest, testIdentity } from "../support/manifests.ts";
import { writeFiles } from "../support/artifacts.ts";
import { tempDirectory } from "../support/temp.ts";

/** A handover signed by one test key, in an image that pins another or the same, or nobody. */
async function check(signer: number, pinned: number | undefined): Promise<void> {
  await using directory = await tempDirectory();
  const trust: Record<string, string> = pinned === undefined ? {} : {
    "settings/trust.toml": `trust_version = 1\n[[publisher]]\nkeys = ["${
      testIdentity(pinned).keyid
    }"]\n`,
  };
  await writeFiles(directory.path, {
    "handover/manifest.json": signedManifest({}, [testIdentity(signer)]),
    "settings/build.json": JSON.stringify({ build_version: 1, built_at: "2025-01-02T00:00:00Z" }),
    ...trust,
  });
  await checkHandover({
    artifacts: directory.join("handover"),
    settings: directory.join("settings"),
    stateDir: directory.join("state"),
  }, { deps: systemDeps({ clock: fakeClock(madeAt) }) });
}

Deno.test("a booted node serves what its image's policy accepts", () => check(1, 1));

Deno.test("a booted node doesn't serve what somebody else signed", () =>
  assert.rejects(check(2, 1), { code: "untrusted" }));

Deno.test("an image that pins nobody has nothing to check against", () => check(1, undefined));
