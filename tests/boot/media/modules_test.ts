import assert from "node:assert/strict";
import fc from "fast-check";
import {
  chooseModules,
  moduleName,
  parseModules,
  tablesFor,
} from "../../../src/boot/media/modules.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";

const dep = `kernel/drivers/net/virtio_net.ko.xz: kernel/drivers/net/net_failover.ko.xz \
kernel/net/core/failover.ko.xz kernel/drivers/virtio/virtio.ko.xz
kernel/drivers/net/net_failover.ko.xz: kernel/net/core/failover.ko.xz
kernel/net/core/failover.ko.xz:
kernel/drivers/virtio/virtio.ko.xz:
kernel/fs/ext4/ext4.ko.xz: kernel/fs/jbd2/jbd2.ko.xz
kernel/fs/jbd2/jbd2.ko.xz:
kernel/crypto/crc32c_generic.ko.xz:
kernel/drivers/nvme/host/nvme-core.ko.xz:
`;
const alias = `# Aliases extracted from modules themselves.
alias virtio:d00000001v* virtio_net
alias fs-ext4 ext4
alias pci:v0000144Dd* nvme-core
`;
const softdep = `# Soft dependencies
softdep ext4 pre: crc32c_generic post: not_this
softdep cifs gcm
`;
const builtin = "kernel/net/packet/af_packet.ko\nkernel/drivers/block/nvme-x.ko\n";
const tables = parseModules({ dep, alias, softdep, builtin });
const names = (wanted: string[]) => chooseModules(tables, wanted).map(({ name }) => name);

Deno.test("a module comes after all that it needs, and each only once", () => {
  assert.deepEqual(names(["virtio_net", "net_failover"]), [
    "failover",
    "net_failover",
    "virtio",
    "virtio_net",
  ]);
});

Deno.test("what a module wants before itself is loaded before it, what it wants after isn't", () => {
  assert.deepEqual(names(["ext4"]), ["crc32c_generic", "jbd2", "ext4"]);
});

Deno.test("a name is found with - and with _, what is missing or built in is left out", () => {
  assert.deepEqual(names(["nvme-core", "nvme_core", "af_packet", "e1000"]), ["nvme_core"]);
  assert.ok(tables.builtin.has("af_packet") && tables.builtin.has("nvme_x"));
  assert.equal(moduleName("kernel/a/b-c.ko.zst"), "b_c");
});

Deno.test("modules that want each other before themselves are both chosen", () => {
  const circle = parseModules({
    dep: "a.ko:\nb.ko:\n",
    softdep: "softdep a pre: b\nsoftdep b pre: a\n",
  });
  assert.deepEqual(chooseModules(circle, ["a"]).map(({ name }) => name), ["b", "a"]);
});

Deno.test("the tables for the image name unpacked files and hold the chosen modules only", () => {
  const written = tablesFor(tables, chooseModules(tables, ["ext4", "nvme_core"]));
  assert.equal(
    written.dep,
    "kernel/crypto/crc32c_generic.ko:\n" +
      "kernel/fs/jbd2/jbd2.ko:\n" +
      "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko\n" +
      "kernel/drivers/nvme/host/nvme-core.ko:\n",
  );
  assert.equal(written.alias, "alias fs-ext4 ext4\nalias pci:v0000144Dd* nvme_core\n");
  assert.equal(written.softdep, "softdep ext4 pre: crc32c_generic\n");
});

Deno.test("lines that depmod doesn't write are refused", () => {
  const refused: Parameters<typeof parseModules>[0][] = [
    ...["no colon", ": a.ko", "a.txt:", "/lib/a.ko:", "../a.ko:", "x/../a.ko:", "a.ko: ../b.ko"]
      .map((dep) => ({ dep })),
    { dep: "", alias: "alias only_two" },
    { dep: "", alias: "alias a b c" },
    { dep: "", alias: "something else here" },
    { dep: "", softdep: "nonsense" },
  ];
  for (const texts of refused) {
    assert.throws(
      () => parseModules(texts),
      (error) => error instanceof PlasmdError && error.code === "config",
      JSON.stringify(texts),
    );
  }
});

Deno.test("any text is parsed or refused as a wrong table", () => {
  const line = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom("a.ko: b.ko", "b.ko:", "alias x* a", "softdep a pre: b", "../x.ko:"),
  );
  const text = fc.array(line, { maxLength: 6 }).map((lines) => lines.join("\n"));
  fc.assert(fc.property(text, text, text, text, (dep, alias, softdep, builtin) => {
    try {
      const parsed = parseModules({ dep, alias, softdep, builtin });
      const chosen = chooseModules(parsed, parsed.modules.keys());
      assert.equal(chosen.length, parsed.modules.size);
      assert.ok(chosen.every(({ path }) => !path.startsWith("/") && !path.includes("..")));
    } catch (thrown) {
      assert.ok(thrown instanceof PlasmdError && thrown.code === "config", String(thrown));
    }
  }));
});

Deno.test("whatever depends on what, the order can be loaded", () => {
  // Module i may need modules below i only: no circles, as depmod guarantees.
  const graph = fc.array(fc.array(fc.nat(20)), { minLength: 1, maxLength: 20 });
  fc.assert(fc.property(graph, fc.infiniteStream(fc.nat(19)), (needs, picks) => {
    const closed: Set<number>[] = [];
    needs.forEach((list, i) => {
      const direct = list.filter((n) => n < i);
      closed.push(new Set(direct.flatMap((n) => [n, ...closed[n]!])));
    });
    const text = closed.map((all, i) => `m${i}.ko:${[...all].map((n) => ` m${n}.ko`).join("")}`);
    const parsed = parseModules({ dep: text.join("\n") });
    const wanted = [...picks.take(5)].map((n) => `m${n}`);
    const loaded = new Set<string>();
    for (const module of chooseModules(parsed, wanted)) {
      assert.ok(module.needs.every((path) => loaded.has(path)), `${module.name} comes too early`);
      loaded.add(module.path);
    }
    assert.ok(wanted.every((name) => !parsed.modules.has(name) || loaded.has(`${name}.ko`)));
  }));
});
