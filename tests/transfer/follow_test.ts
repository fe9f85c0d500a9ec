import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { PlasmdError } from "../../src/lib/errors.ts";
import { startFollower } from "../../src/transfer/follow.ts";
import type { Wanted } from "../../src/transfer/source.ts";
import { testImage } from "../support/image_origin.ts";
import { tempDirectory } from "../support/temp.ts";

const { rootfs, verified } = testImage();
const wanted: Wanted = { name: "rootfs", artifact: verified.manifest.artifacts.rootfs! };
const signal = new AbortController().signal;

for (const [where, workerBytes] of [["in a Worker", 0], ["at the end", Infinity]] as const) {
  Deno.test(`a file that grows is hashed ${where}`, async () => {
    await using directory = await tempDirectory();
    const path = directory.join("rootfs.part");
    await fs.writeFile(path, rootfs.subarray(0, 1_000_000));
    using follower = startFollower(path, wanted, workerBytes);
    follower.reached(1_000_000);
    await fs.writeFile(path, rootfs);
    follower.reached(2_000_000);
    await follower.check(signal);
  });

  Deno.test(`a wrong byte is found ${where}`, async () => {
    await using directory = await tempDirectory();
    const path = directory.join("rootfs.part");
    const wrong = rootfs.slice();
    wrong[1234]! ^= 128;
    await fs.writeFile(path, wrong);
    using follower = startFollower(path, wanted, workerBytes);
    follower.reached(rootfs.length);
    await assert.rejects(
      follower.check(signal),
      (thrown: unknown) => thrown instanceof PlasmdError && thrown.code === "mismatch",
    );
  });
}

Deno.test("a file that is shorter than it should be is an error of its own", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("rootfs.part");
  await fs.writeFile(path, rootfs.subarray(0, 10));
  using follower = startFollower(path, wanted, 0);
  await assert.rejects(follower.check(signal), /shorter/);
});

Deno.test("below /dev, which a Worker may not read, this thread does it", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const path = await Deno.makeTempFile({ dir: "/dev/shm", prefix: "plasmd-test-" });
  try {
    await fs.writeFile(path, rootfs);
    using follower = startFollower(path, wanted, 0);
    await follower.check(signal);
  } finally {
    await fs.unlink(path);
  }
});

Deno.test("the wait for a hash ends with the signal", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("rootfs.part");
  await fs.writeFile(path, rootfs);
  const stop = new AbortController();
  using follower = startFollower(path, wanted, 0);
  const checking = follower.check(stop.signal);
  stop.abort(new PlasmdError("cancelled", "Stopped"));
  await assert.rejects(checking, /Stopped/);
});
