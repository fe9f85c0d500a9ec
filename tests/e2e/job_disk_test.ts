import assert from "node:assert/strict";
import type { DiskReport } from "../support/job_disk_program.ts";
import { tempDirectory } from "../support/temp.ts";
import { needing } from "../support/tools.ts";
import { projectRoot } from "../support/vectors.ts";

const program = new URL("../support/job_disk_program.ts", import.meta.url).pathname;
const script = 'mount -t tmpfs -o size=6m tmpfs "$0" && TMPDIR="$0" exec "$@"';

Deno.test(
  "a full disk loses the job that fills it, says so, and the service goes on",
  needing({ tools: ["unshare", "mount"], root: true }, async () => {
    await using home = await tempDirectory();
    const run = ["run", "-A", "--no-prompt", program];
    const { code, stdout, stderr } = await new Deno.Command("unshare", {
      args: ["--mount", "sh", "-c", script, home.path, Deno.execPath(), ...run],
      cwd: projectRoot,
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const report = JSON.parse(new TextDecoder().decode(stdout)) as DiskReport;
    assert.deepEqual(report.large, ["lost", "no_space"]);
    assert.equal(report.after, "done");
    assert.deepEqual(report.refused, ["no_space", "no_space"]);
    // Whether its last transaction fits is the disk's matter; that it has one end, ours.
    const [state, problem] = report.full;
    assert.ok(state === "done" || (state === "lost" && problem === "no_space"), state);
    assert.equal(report.again, "done");
  }),
);
