import assert from "node:assert/strict";
import { follow, projectRoot } from "../support/program.ts";
import { tempDirectory } from "../support/temp.ts";
import { needing } from "../support/tools.ts";

/** Starts the README's command in a process group of its own, so that all of it can be ended. */
function startTask(home: string) {
  const child = new Deno.Command("setsid", {
    args: [
      ...["npx", "-y", "deno@2.9.5", "task", "start"],
      ...["--port", "0", "--state-dir", `${home}/state`],
    ],
    cwd: projectRoot,
    env: { PLASMD_IDENTITY: `${home}/identity.key`, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const running = follow(child);
  return {
    running,
    async [Symbol.asyncDispose]() {
      Deno.kill(-child.pid, "SIGTERM");
      await running.ended;
    },
  };
}

Deno.test(
  "the README's first command serves, and the command that it prints fetches",
  needing({ tools: ["bash", "npx", "setsid"] }, async () => {
    await using home = await tempDirectory();
    await using task = startTask(home.path);
    const printed = await task.running.until((text) =>
      /^ +(npx .*boot fetch \S+ --trust ed25519:[0-9a-f]{64}) --output \S+$/m.exec(text)?.[1]
    );
    const choice = task.running.stdout() + task.running.stderr();
    assert.match(choice, /what is in .*artifacts|this machine's own kernel|demo image.*boot/is);

    const line = `${printed} --output "$1/fetched" --state-dir "$1/client" --quiet`;
    const { code, stderr } = await new Deno.Command("bash", {
      args: ["-c", line, "bash", home.path],
      cwd: projectRoot,
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const names = await Array.fromAsync(Deno.readDir(`${home.path}/fetched`), ({ name }) => name);
    assert.ok(names.includes("kernel") && names.includes("manifest.json"), names.join());
    assert.ok(!names.some((name) => name.includes("part")), names.join());
  }),
);
