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
  "only an argument of exactly that name counts",
  needing(busybox, async () => {
    const cmdline = "phase_serve=1 phaseXserve=1 phase-serve=1 xphase.serve=1 phase.serve.x=1 a*=b";
    assert.equal(
      await runShell(cmdline, "arg phase.serve 0; args phase.serve; args 'a*'; arg 'a.' none"),
      "0\nb\nnone\n",
    );
    assert.equal(await runShell("phase.serve=-n x=a=b", "arg phase.serve; arg x"), "-n\na=b\n");
  }),
);

Deno.test(
  "words of the command line that the kernel makes variables of are forgotten",
  needing(busybox, async () => {
    const [start] = imageScripts.init!.split("/bin/busybox mount");
    const { stdout, stderr } = await new Deno.Command(staticBusybox, {
      args: [
        "sh",
        "-c",
        `${start}\necho "[$loaded$refused$serve_before_init$name]"\n/bin/busybox env`,
      ],
      env: {
        loaded: "yes",
        refused: "",
        serve_before_init: "1",
        "a.b": "c",
        IFS: "e",
        TERM: "linux",
      },
      clearEnv: true,
    }).output();
    assert.equal(new TextDecoder().decode(stderr), "");
    assert.match(new TextDecoder().decode(stdout), /^\[\w*\]\nTERM=linux\n$/);
  }),
);

/** What check_handover does where plasmd ends like this; what it calls is printed. */
async function checkHandover(
  codes: { readonly refill: number; readonly status?: number },
  files: Readonly<Record<string, string>>,
): Promise<string[]> {
  await using directory = await tempDirectory();
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(directory.join(name), text);
  }
  const parts = [imageScripts["lib/phase/common.sh"], imageScripts["lib/phase/system.sh"]];
  const text = `${parts.join("\n")}
given=.
words() { :; }
plasmd() {
	echo "plasmd $1 $2" >>called
	case "$2" in refill) return ${codes.refill} ;; *) return ${codes.status ?? 99} ;; esac
}
check_handover
cat called 2>/dev/null
echo "refused: \${refused:-no}"`.replaceAll("/etc/phase/", "./");
  const { stdout } = await new Deno.Command(staticBusybox, {
    args: ["sh", "-c", text],
    cwd: directory.path,
  }).output();
  return new TextDecoder().decode(stdout).trim().split("\n");
}

const withRootfs = '{"artifacts":{"rootfs":{}}}';
const trusting = { "trust.toml": "", "manifest.json": withRootfs, "rootfs": "hsqs" };

Deno.test(
  "a root file system is entered only where all that is there was verified",
  needing(busybox, async () => {
    const [incomplete, refused] = ["stays incomplete", "is refused"]
      .map((what) => `phase: the handover ${what}; the reason is above`);
    const table: [codes: { refill: number; status?: number }, lines: string[]][] = [
      [{ refill: 0 }, ["plasmd boot refill", "refused: no"]],
      [{ refill: 3 }, [incomplete!, "plasmd boot refill", "refused: no"]],
      [{ refill: 5 }, [incomplete!, "plasmd boot refill", "refused: no"]],
      [{ refill: 4 }, [refused!, "plasmd boot refill", "refused: yes"]],
    ];
    // A disk that is full, a wrong command line, a plasmd that isn't there, one that was killed.
    for (const refill of [1, 2, 126, 127, 137]) {
      const both = ["plasmd boot refill", "plasmd boot status"];
      table.push([{ refill, status: 0 }, [incomplete!, ...both, "refused: no"]]);
      table.push([{ refill, status: refill }, [refused!, ...both, "refused: yes"]]);
    }
    for (const [codes, lines] of table) {
      assert.deepEqual(await checkHandover(codes, trusting), lines, JSON.stringify(codes));
    }
  }),
);

Deno.test(
  "a root file system that no manifest names is not entered without a question",
  needing(busybox, async () => {
    const manifest = { "manifest.json": '{"artifacts":{"kernel":{}}}' };
    const unnamed = { ...trusting, ...manifest };
    assert.equal((await checkHandover({ refill: 4 }, unnamed)).at(-1), "refused: yes");
    const none = { "trust.toml": "", ...manifest };
    assert.deepEqual(await checkHandover({ refill: 4 }, none), ["refused: no"]);
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
