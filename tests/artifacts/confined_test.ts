import assert from "node:assert/strict";
import { startModule } from "../../src/lib/worker.ts";
import { hashLimits } from "../../src/lib/limits.ts";
import { writeFiles } from "../support/artifacts.ts";
import type { ConfinedCatalogTask } from "../support/confined_catalog.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";

/** Large enough that it is hashed in a Worker inside of the Worker. */
const kernel = "a kernel".repeat(hashLimits.inlineBytes / 4);

/** What a catalog in a Worker says that may read the artifacts, and read and write the state. */
async function confined(task: ConfinedCatalogTask, write: string[]): Promise<unknown> {
  const worker = startModule({
    name: "confined-catalog",
    module: () => new URL("../support/confined_catalog.ts", import.meta.url),
    starts: ["hash"],
  }, { permissions: { read: [task.directory, task.stateDir], write } });
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  worker.onmessage = ({ data }) => data === "ready" ? worker.postMessage(task) : resolve(data);
  return await promise.finally(() => worker.terminate());
}

async function taskIn(directory: TempDirectory): Promise<ConfinedCatalogTask> {
  await writeFiles(directory.path, { "artifacts/vmlinuz": kernel, secret: "not yours" });
  await Deno.mkdir(directory.join("state"));
  return { directory: directory.join("artifacts"), stateDir: directory.join("state") };
}

Deno.test("a catalog needs to read its artifacts and its state, and nothing else", async () => {
  await using directory = await tempDirectory();
  const task = await taskIn(directory);
  assert.deepEqual(await confined(task, [task.stateDir]), {
    kernel,
    problems: [],
    warnings: [],
  });
  assert.ok((await Deno.stat(directory.join("state/manifests/stable.arm64.json"))).isFile);
  assert.ok((await Deno.stat(directory.join("state/hash-cache"))).isFile);
});

Deno.test("a catalog that may write nothing serves all the same, and warns", async () => {
  await using directory = await tempDirectory();
  const task = await taskIn(directory);
  assert.deepEqual(await confined(task, []), {
    kernel,
    problems: [],
    warnings: [
      "Hashes are not kept: the next start computes them again",
      "The signed manifest is not kept: a restart signs a new one",
    ],
  });
});

Deno.test("the artifacts may be reached over a link", async () => {
  await using directory = await tempDirectory();
  const task = await taskIn(directory);
  await Deno.symlink("artifacts", directory.join("current"));
  const result = await confined({ ...task, directory: directory.join("current") }, []);
  assert.equal((result as { kernel: string }).kernel, kernel);
});

Deno.test("a link out is named as one, although what it leads to can't be read", async () => {
  await using directory = await tempDirectory();
  const task = await taskIn(directory);
  await Deno.symlink("../secret", directory.join("artifacts/initrd"));
  const { code, message } = await confined(task, []) as { code: string; message: string };
  assert.equal(code, "artifacts");
  assert.match(message, /initrd": it is a link .*outside of ".*artifacts"/);
});
