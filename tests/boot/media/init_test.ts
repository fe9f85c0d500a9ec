/**
 * The shell part of an image, its functions run by the shell that will run them.
 */

import assert from "node:assert/strict";
import { imageScripts, initEntries } from "../../../src/boot/media/init.ts";
import { staticBusybox } from "../../support/images.ts";
import { tempDirectory } from "../../support/temp.ts";
import { needing } from "../../support/tools.ts";

const busybox = { tools: ["busybox"] };

/** What the parts print with a kernel command line, in a directory for /run/phase/net. */
async function runShell(cmdline: string, script: string, imageCmdline = ""): Promise<string> {
  await using directory = await tempDirectory();
  await Deno.writeTextFile(directory.join("proc"), `${cmdline}\n`);
  await Deno.writeTextFile(directory.join("image"), imageCmdline);
  const parts = [imageScripts["lib/phase/common.sh"], imageScripts["lib/phase/network.sh"]];
  const text = `${parts.join("\n")}\nnet=.\nmount() { cat cmdline; }\n${script}\n`
    .replaceAll("/proc/cmdline", "proc").replaceAll("/etc/phase/cmdline", "image")
    .replaceAll("/run/phase/", "./");
  const { stdout, stderr } = await new Deno.Command(staticBusybox, {
    args: ["sh", "-c", text],
    cwd: directory.path,
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

Deno.test(
  "every script is one that the image's shell can parse",
  needing(busybox, async () => {
    for (const [path, text] of Object.entries(imageScripts)) {
      if (path.endsWith(".service")) continue;
      const { code, stderr } = await new Deno.Command(staticBusybox, {
        args: ["sh", "-n", "-c", text],
      }).output();
      assert.equal(code, 0, `${path}: ${new TextDecoder().decode(stderr)}`);
    }
  }),
);

Deno.test("what is started is executable, what is read isn't", () => {
  const modes = new Map(initEntries().map((entry) => [entry.path, "mode" in entry && entry.mode]));
  for (const path of ["init", "lib/phase/udhcpc.sh", "run/phase/serve", "run/phase/plasmd"]) {
    assert.equal(modes.get(path), 0o755, path);
  }
  assert.equal(modes.get("lib/phase/network.sh"), 0o644);
});

Deno.test(
  "the last value of an argument counts, and none behind --",
  needing(busybox, async () => {
    const cmdline = "a=1 phase.once=0\tphase.once=1 quiet -- phase.once=2 phase.fail=reboot";
    assert.equal(
      await runShell(
        cmdline,
        "arg phase.once; arg phase.fail shell; arg quiet none; args phase.once",
      ),
      "1\nshell\nnone\n0\n1\n",
    );
  }),
);

Deno.test(
  "the kernel's words replace the image's of the same name",
  needing(busybox, async () => {
    assert.equal(
      await runShell(
        "quiet phase.channel=a",
        "merge_cmdline",
        "phase.channel=b quiet ip=dhcp panic=5",
      ),
      "ip=dhcp panic=5 quiet phase.channel=a\n",
    );
    assert.equal(await runShell("quiet", "merge_cmdline"), "");
  }),
);

Deno.test(
  "each card gets what ip= says for it",
  needing(busybox, async () => {
    const cards = "for card in eth0 eth1 eth2; do setting_of $card; done";
    const table: [ip: string, settings: string[]][] = [
      ["", ["dhcp", "dhcp", "dhcp"]],
      ["ip=dhcp", ["dhcp", "dhcp", "dhcp"]],
      ["ip=any", ["dhcp", "dhcp", "dhcp"]],
      ["ip=off", ["off", "off", "off"]],
      ["ip=none", ["off", "off", "off"]],
      ["ip=:::::eth1:dhcp", ["off", "dhcp", "off"]],
      ["ip=::::box::on", ["dhcp", "dhcp", "dhcp"]],
      ["ip=10.0.0.2", ["10.0.0.2", "off", "off"]],
      ["ip=10.0.0.2::10.0.0.1:255.0.0.0:box::off:8.8.8.8", [
        "10.0.0.2::10.0.0.1:255.0.0.0:box::off:8.8.8.8",
        "off",
        "off",
      ]],
      ["ip=10.0.0.2::::eth0:eth2:off", ["off", "off", "10.0.0.2::::eth0:eth2:off"]],
      ["ip=10.0.0.2:::::eth1 ip=dhcp", ["dhcp", "10.0.0.2:::::eth1", "dhcp"]],
      ["ip=10.0.0.2 ip=10.0.0.3", ["10.0.0.2", "10.0.0.3", "off"]],
      ["ip=:::::eth0:off ip=dhcp", ["off", "dhcp", "dhcp"]],
    ];
    for (const [ip, settings] of table) {
      assert.deepEqual((await runShell(`quiet ${ip}`, cards)).trim().split("\n"), settings, ip);
    }
  }),
);
