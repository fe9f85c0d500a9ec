import assert from "node:assert/strict";
import { honest, testImage } from "../support/image_origin.ts";
import type { FakeOrigin } from "../support/fake_origin.ts";
import { testIdentity } from "../support/manifests.ts";
import { runProgram } from "../support/program.ts";
import { tempDirectory } from "../support/temp.ts";
import { needing, runTool } from "../support/tools.ts";

const now = Math.floor(Date.now() / 1000) * 1000;
const time = (ms: number) => new Date(ms).toISOString().replace(".000Z", "Z");
const image = testImage({
  created_at: time(now - 3_600_000),
  expires_at: time(now + 86_400_000),
  sequence: now / 1000,
});

/** Serves the image over TLS until disposed. */
function startTls(cert: string, key: string) {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} },
    (request) => {
      const path = new URL(request.url).pathname;
      const reply = honest(image)({ path, headers: new Map(), number: 0 }, {} as FakeOrigin)!;
      const status = reply.status ?? 200;
      return new Response(reply.body as Uint8Array<ArrayBuffer> | undefined ?? null, { status });
    },
  );
  return {
    url: `https://localhost:${server.addr.port}`,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
    },
  };
}

Deno.test(
  "over https a provider needs a certificate that the machine trusts",
  needing({ tools: ["openssl"] }, async () => {
    await using directory = await tempDirectory();
    const [cert, key] = [directory.join("cert.pem"), directory.join("key.pem")];
    await runTool(
      "openssl",
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
      ...["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=CA:FALSE"],
      ...["-keyout", key, "-out", cert],
    );
    await using server = startTls(await Deno.readTextFile(cert), await Deno.readTextFile(key));
    const args = [
      ...["boot", "fetch", server.url, "--trust", testIdentity(1).keyid],
      ...["--output", directory.join("out"), "--state-dir", directory.join("state")],
    ];
    const stranger = await runProgram([...args, "--timeout", "2"]);
    assert.equal(stranger.code, 5, stranger.stderr);
    assert.match(stranger.stderr, /certificate/i);
    const known = await runProgram(args, { env: { DENO_CERT: cert } });
    assert.equal(known.code, 0, known.stderr);
    assert.deepEqual(await Deno.readFile(directory.join("out", "rootfs")), image.rootfs);
  }),
);
