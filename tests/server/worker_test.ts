import { deepEqual, equal } from "node:assert/strict";
import { dirname } from "node:path";
import { patternBytes } from "../support/fake_catalog.ts";
import { requestText, sendRaw } from "../support/http.ts";

Deno.test("the server needs the network and the artifacts' directory, nothing else", async () => {
  const directory = await Deno.makeTempDir();
  const worker = new Worker(new URL("../support/server_worker.ts", import.meta.url), {
    type: "module",
    deno: {
      permissions: {
        read: [directory],
        net: true,
        write: false,
        run: false,
        ffi: false,
        env: false,
        sys: false,
        import: false,
      },
    },
  });
  try {
    const bytes = patternBytes(3_000_000);
    const path = `${directory}/rootfs`;
    equal(dirname(path), directory);
    await Deno.writeFile(path, bytes);
    worker.postMessage({ path });
    const { port } = await message(worker) as { port: number };
    const whole = await sendRaw(port, requestText("/rootfs"));
    deepEqual(whole.body, bytes);
    const part = await sendRaw(port, requestText("/rootfs", { headers: "Range: bytes=-1000\r\n" }));
    deepEqual(part.body, bytes.slice(-1000));
    equal((await sendRaw(port, requestText("/health"))).status, 200);
    worker.postMessage({});
    deepEqual(await message(worker), { stopped: true });
  } finally {
    worker.terminate();
    await Deno.remove(directory, { recursive: true });
  }
});

function message(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
  });
}
