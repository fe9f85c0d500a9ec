import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { PlasmdError } from "../../src/lib/errors.ts";
import { startModule } from "../../src/lib/worker.ts";
import { daemonPermissions, runConfinedDaemon } from "../../src/node/confine.ts";
import { usualLimits } from "../../src/node/protocol.ts";
import { testIdentity } from "../support/manifests.ts";
import { tempDirectory } from "../support/temp.ts";

/** Runs the probe with the daemon's permissions. Returns what it could do. */
async function probe(root: string): Promise<Record<string, string>> {
  await fs.mkdir(`${root}/artifacts`);
  await fs.mkdir(`${root}/state`);
  await fs.writeFile(`${root}/artifacts/kernel`, "a kernel");
  await fs.writeFile(`${root}/secret`, "not yours");
  const paths = { artifacts: `${root}/artifacts`, stateDir: `${root}/state`, stateWritable: true };
  const worker = startModule({
    name: "probe",
    module: () => new URL("../support/confined_probe.ts", import.meta.url),
    starts: ["hash"],
  }, { permissions: daemonPermissions(paths) });
  try {
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, string>>();
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage(root);
    return await promise;
  } finally {
    worker.terminate();
  }
}

Deno.test("inside the daemon's confinement what it needs works, and nothing else", async () => {
  await using directory = await tempDirectory();
  assert.deepEqual(await probe(await fs.realpath(directory.path)), {
    "read an artifact": "done",
    "write state": "done",
    "serve over HTTP": "done",
    "open a database in the state": "done",
    "hash in a nested Worker": "done",
    "list interfaces": "done",
    "ask for room on the disk": "done",
    "read /etc/shadow": "NotCapable",
    "read beside the artifacts": "NotCapable",
    "write to the artifacts": "NotCapable",
    "leave through a link": "NotCapable",
    "run a program": "NotCapable",
    "load a library": "NotCapable",
    "read the environment": "NotCapable",
    "start a Worker with more rights": "NotCapable",
  });
});

Deno.test("a daemon whose state can't be written may write nothing at all", () => {
  const permissions = daemonPermissions({
    artifacts: "/a",
    stateDir: "/s",
    stateWritable: false,
  });
  assert.equal(permissions.write, false);
  assert.deepEqual(permissions.read, ["/a", "/s"]);
  assert.equal(permissions.run, false);
  assert.equal(permissions.ffi, false);
  assert.equal(permissions.env, false);
});

Deno.test("a configuration that changes while the daemon starts is taken over", async () => {
  await using directory = await tempDirectory();
  await fs.mkdir(directory.join("artifacts"));
  await fs.mkdir(directory.join("state"));
  await fs.writeFile(directory.join("artifacts/kernel"), "a kernel");
  const { seed } = testIdentity(1);
  const live = { limits: usualLimits(), imageVersion: "1.0" };
  const place = { artifacts: directory.join("artifacts"), stateDir: directory.join("state") };
  const stop = new AbortController();
  const asked = async (origin: string, tries = 200): Promise<string> => {
    const { version } = await (await fetch(`${origin}/manifest.json`)).json();
    if (version === "2.0" || tries === 0) return version;
    await new Promise((resolve) => setTimeout(resolve, 25));
    return await asked(origin, tries - 1);
  };
  const served = Promise.withResolvers<string>();
  await runConfinedDaemon({
    ...{ ...live, ...place, stateWritable: true, channel: "stable", arch: "arm64" },
    ...{ host: "127.0.0.1", port: 0, identity: { seed, file: "test.key" } },
  }, {
    logging: { level: "error", format: "text" },
    signal: stop.signal,
    // The signal comes before the Worker has loaded its module.
    onHangup(listener) {
      listener();
      return { [Symbol.dispose]() {} };
    },
    reread: () => Promise.resolve({ ...live, imageVersion: "2.0" }),
    onReady: ({ port }) => {
      asked(`http://127.0.0.1:${port}`).then(served.resolve, served.reject)
        .finally(() => stop.abort());
    },
  });
  assert.equal(await served.promise, "2.0");
});

Deno.test("a daemon that isn't admitted serves nothing, and says why", async () => {
  await using directory = await tempDirectory();
  await fs.mkdir(directory.join("artifacts"));
  await fs.mkdir(directory.join("state"));
  await fs.writeFile(directory.join("artifacts/kernel"), "a kernel");
  const { seed } = testIdentity(1);
  const place = { artifacts: directory.join("artifacts"), stateDir: directory.join("state") };
  const refused = new PlasmdError("untrusted", "Signed by a stranger");
  const run = runConfinedDaemon({
    ...{ limits: usualLimits(), ...place, stateWritable: true, channel: "stable", arch: "arm64" },
    ...{ host: "127.0.0.1", port: 0, identity: { seed, file: "test.key" } },
  }, {
    logging: { level: "error", format: "text" },
    signal: new AbortController().signal,
    admitted: Promise.reject(refused),
    onReady: () => assert.fail("it serves"),
  });
  await assert.rejects(run, refused);
});
