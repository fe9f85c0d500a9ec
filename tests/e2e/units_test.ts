import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { projectRoot } from "../support/program.ts";
import { tempDirectory } from "../support/temp.ts";
import { needing, runTool } from "../support/tools.ts";

const dist = `${projectRoot}dist`;
const unit = `${dist}/systemd/plasmd.service`;

Deno.test(
  "systemd rates the unit's exposure below 3",
  needing({ tools: ["systemd-analyze"] }, async () => {
    const said = await runTool("systemd-analyze", "security", "--offline=true", unit);
    const level = /Overall exposure level for plasmd\.service: ([\d.]+)/.exec(said)?.[1];
    assert.ok(Number(level) > 0 && Number(level) < 3, said);
  }),
);

Deno.test(
  "systemd finds nothing wrong with the unit but that the program isn't installed",
  needing({ tools: ["systemd-analyze"] }, async () => {
    const { stderr } = await new Deno.Command("systemd-analyze", {
      args: ["verify", "--man=no", unit],
    }).output();
    const lines = new TextDecoder().decode(stderr).split("\n").filter((line) => line !== "");
    const ours = lines.filter((line) => line.includes("plasmd"));
    assert.deepEqual(ours.filter((line) => !/\/usr\/bin\/plasmd is not executable/.test(line)), []);
  }),
);

const scripts = [
  "openrc/plasmd",
  "initramfs-tools/hooks/plasmd",
  "initramfs-tools/scripts/plasmd",
  "dracut/90plasmd/plasmd-cmdline.sh",
  "dracut/90plasmd/plasmd-boot.sh",
];

Deno.test(
  "shells read the scripts, and shellcheck has nothing to say",
  needing({ tools: ["dash", "bash", "shellcheck"] }, async () => {
    for (const script of scripts) await runTool("dash", "-n", `${dist}/${script}`);
    const module = `${dist}/dracut/90plasmd/module-setup.sh`;
    await runTool("bash", "-n", module);
    await runTool("shellcheck", ...scripts.map((path) => `${dist}/${path}`), module);
  }),
);

/** Runs the initramfs script, with functions and a program that write down how they are called. */
async function runScript(cmdline: string, exit: number): Promise<string> {
  await using place = await tempDirectory();
  const functions = [
    'log_begin_msg() { echo "begin: $*"; }',
    'log_end_msg() { echo "end"; }',
    'log_failure_msg() { echo "failure: $*"; }',
    'configure_networking() { echo "network"; }',
  ];
  await fs.writeFile(place.join("functions"), functions.join("\n"));
  await fs.writeFile(place.join("cmdline"), `${cmdline}\n`);
  const program = `#!/bin/sh\necho "plasmd $*, once $PLASMD_START_ONCE"\nexit ${exit}\n`;
  await fs.writeFile(place.join("plasmd"), program, { mode: 0o755 });
  const { code, stdout } = await new Deno.Command("sh", {
    args: [`${dist}/initramfs-tools/scripts/plasmd`],
    env: {
      PLASMD_SCRIPT_FUNCTIONS: place.join("functions"),
      PLASMD_CMDLINE: place.join("cmdline"),
      PLASMD_PROGRAM: place.join("plasmd"),
    },
  }).output();
  assert.equal(code, 0, "the machine must go on");
  return new TextDecoder().decode(stdout);
}

Deno.test(
  "the initramfs script does nothing without plasmd.boot=1, and lets the machine go on when it fails",
  needing({ tools: ["sh"] }, async () => {
    assert.equal(await runScript("quiet root=/dev/sda1 plasmd.boot=0 xplasmd.boot=1", 0), "");
    const said = await runScript("quiet plasmd.boot=1 root=/dev/sda1", 5);
    const lines = said.split("\n");
    assert.equal(lines[1], "network");
    assert.equal(lines[2], "plasmd boot run --state-dir /run/plasm, once 1");
    assert.match(lines[3]!, /^failure: .*exit code 5/);
  }),
);
