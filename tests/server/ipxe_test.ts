import { doesNotMatch, equal, match } from "node:assert/strict";
import { fakeCatalog, fakeSnapshot, memoryArtifact } from "../support/fake_catalog.ts";
import { requestText, sendRaw, startTestServer } from "../support/http.ts";

const kernel = memoryArtifact("kernel", new Uint8Array(10));
const initramfs = memoryArtifact("initramfs", new Uint8Array(10));
const stable = fakeSnapshot([kernel, initramfs]);
const other = fakeSnapshot([kernel], { arch: "x86_64" });
const testing = fakeSnapshot([kernel, initramfs], { channel: "testing", arch: "x86_64" });

async function script(port: number, target: string, headers = ""): Promise<string> {
  const { status, headers: answered, body } = await sendRaw(
    port,
    requestText(target, { headers }),
  );
  equal(status, 200);
  equal(answered["content-type"], "text/plain; charset=utf-8");
  equal(answered["content-length"], String(body.length));
  return new TextDecoder().decode(body);
}

Deno.test("a script loads the image by its name, and says what it trusts", async () => {
  await using server = await startTestServer({ catalog: fakeCatalog([testing]) });
  const origin = `http://127.0.0.1:${server.port}`;
  const lines = (await script(server.port, "/boot.ipxe")).trimEnd().split("\n");
  equal(lines[0], "#!ipxe");
  match(lines[1]!, /^echo Nothing here is verified: this trusts the provider and the network/);
  match(lines[2]!, /^echo plasmd: testing\/x86_64 /);
  match(lines[3]!, new RegExp(`^kernel /testing/x86_64/kernel initrd=initramfs `));
  match(lines[3]!, new RegExp(` phase\\.provider=${origin} phase\\.channel=testing( |$)`));
  equal(lines[4], `initrd --name initramfs /testing/x86_64/initramfs`);
  equal(lines[5], "boot");
  equal(lines.length, 6);
});

Deno.test("a machine of another arch goes on with its own, unless an arch was asked for", async () => {
  await using server = await startTestServer({ catalog: fakeCatalog([stable, other, testing]) });
  const chain = `iseq \${buildarch} x86_64 && chain /stable/x86_64/boot.ipxe ||`;
  equal((await script(server.port, "/boot.ipxe")).split("\n")[2], chain);
  for (const target of ["/stable/arm64/boot.ipxe", "/boot.ipxe?arch=arm64"]) {
    doesNotMatch(await script(server.port, target), /chain/);
  }
});

Deno.test("an image without an initramfs is started without one", async () => {
  await using server = await startTestServer({ catalog: fakeCatalog([stable, other]) });
  doesNotMatch(await script(server.port, "/stable/x86_64/boot.ipxe"), /initr/);
});

Deno.test("what a client says of the host reaches no script", async () => {
  await using server = await startTestServer({ catalog: fakeCatalog([testing]) });
  const forged = "X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n";
  doesNotMatch(await script(server.port, "http://evil.example/boot.ipxe", forged), /evil/);
});

Deno.test("an image that isn't there has no script", async () => {
  await using server = await startTestServer({ catalog: fakeCatalog([testing]) });
  for (const target of ["/stable/arm64/boot.ipxe", "/boot.ipxe?channel=none"]) {
    equal((await sendRaw(server.port, requestText(target))).status, 404);
  }
});

Deno.test("before there is a snapshot there is no script", async () => {
  await using server = await startTestServer({ catalog: fakeCatalog([]) });
  equal((await sendRaw(server.port, requestText("/boot.ipxe"))).status, 503);
});
