import { join } from "node:path";
import { debianTools } from "../support/debian.ts";
import { testImage } from "../support/images.ts";
import { tempDirectory } from "../support/temp.ts";
import { needing } from "../support/tools.ts";
import { startVm } from "../support/vm.ts";

const seconds = 1000;
const tools = ["qemu-system-x86_64", ...debianTools];

Deno.test(
  "an image gets an address by DHCP, tries for ever, and has a shell for who asks",
  needing({ tools }, async () => {
    await using directory = await tempDirectory();
    const image = join(directory.path, "client.img");
    const { kernel } = await testImage(image, { cmdline: "phase.once=1 phase.channel=testing" });
    await using vm = await startVm({
      name: "retry",
      kernel,
      initramfs: image,
      append: "quiet phase.once=0",
      memory: 512,
    });
    await vm.waitFor(/phase: client image, Linux 6\.\S+, \d+ MiB of memory/, 60 * seconds);
    await vm.waitFor(
      /phase: eth0: 10\.0\.2\.15\/24, gateway 10\.0\.2\.2 \(by DHCP\)/,
      60 * seconds,
    );
    await vm.waitFor(/no system was started, exit code 127/, 30 * seconds);
    await vm.waitFor(/next try in 2 s/, 30 * seconds);
    await vm.waitFor(/next try in 4 s/, 30 * seconds);
    await vm.type("shell");
    await vm.waitFor(/phase: a shell/, 30 * seconds);
    await vm.type("cat /etc/resolv.conf /proc/cmdline; ip route");
    await vm.waitFor(/nameserver 10\.0\.2\.3/, 30 * seconds);
    // The kernel's words replace the image's of the same name.
    await vm.waitFor(
      /\nphase\.channel=testing console=\S+ panic=-1 quiet phase\.once=0\n/,
      5 * seconds,
    );
    await vm.waitFor(/default via 10\.0\.2\.2 dev eth0/, 5 * seconds);
    await vm.type("exit");
    await vm.waitFor(/next try in 8 s/, 30 * seconds);
  }),
);

Deno.test(
  "addresses are set as ip= says, each on the card that it names",
  needing({ tools }, async () => {
    await using directory = await tempDirectory();
    const image = join(directory.path, "client.img");
    const { kernel } = await testImage(image);
    await using vm = await startVm({
      name: "static",
      kernel,
      initramfs: image,
      append: "quiet phase.once=1 ip=10.0.2.77::10.0.2.2:255.255.255.0:boxy:eth1:off:10.0.2.3 " +
        "ip=192.168.7.9:::255.255.0.0",
      memory: 512,
      cards: ["virtio-net-pci", "virtio-net-pci", "vmxnet3"],
    });
    await vm.waitFor(/eth0: 192\.168\.7\.9\/16, gateway none \(from ip=\)/, 60 * seconds);
    await vm.waitFor(/eth1: 10\.0\.2\.77\/24, gateway 10\.0\.2\.2 \(from ip=\)/, 30 * seconds);
    await vm.waitFor(/phase: cannot go on: phase\.once=1 asks for one try only/, 30 * seconds);
    await vm.waitFor(/phase: a shell/, 30 * seconds);
    await vm.type("hostname; cat /etc/resolv.conf; ip addr show eth2; echo end");
    await vm.waitFor(/\nboxy\nnameserver 10\.0\.2\.3\n/, 30 * seconds);
    // No ip= is left for the third card, so it stays switched off.
    await vm.waitFor(/eth2: <BROADCAST,MULTICAST> mtu.*\n.*link\/ether.*\nend\n/, 5 * seconds);
  }),
);

Deno.test(
  "a cable that is plugged in late, and a card that comes late, are used",
  needing({ tools }, async () => {
    await using directory = await tempDirectory();
    const image = join(directory.path, "client.img");
    const { kernel } = await testImage(image);
    await using vm = await startVm({
      name: "late",
      kernel,
      initramfs: image,
      append: "quiet",
      memory: 512,
      extra: ["-netdev", "user,id=later,net=10.7.0.0/24"],
    });
    await vm.monitor("set_link n0 off");
    await vm.waitFor(/no network yet: eth0 has no cable/, 90 * seconds);
    await vm.monitor("set_link n0 on");
    await vm.waitFor(/eth0: 10\.0\.2\.15\/24/, 90 * seconds);
    await vm.monitor("device_add virtio-net-pci,netdev=later,romfile=");
    await vm.waitFor(/eth1: 10\.7\.0\.15\/24/, 120 * seconds);
  }),
);

Deno.test(
  "a machine with too little memory says so and goes off",
  needing({ tools }, async () => {
    await using directory = await tempDirectory();
    const image = join(directory.path, "client.img");
    const { kernel } = await testImage(image);
    const append = "quiet phase.fail=poweroff";
    await using vm = await startVm({
      name: "small",
      kernel,
      initramfs: image,
      append,
      memory: 256,
    });
    await vm.waitFor(
      /cannot go on: this machine has 2\d\d MiB of memory, 384 MiB are needed/,
      60 * seconds,
    );
    await vm.off(30 * seconds);
  }),
);
