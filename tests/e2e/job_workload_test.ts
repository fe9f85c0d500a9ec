import assert from "node:assert/strict";
import { runProgram } from "../support/program.ts";
import { tempDirectory } from "../support/temp.ts";
import { speechModule } from "../support/workload/workload.ts";

/** Runs the speech synthesizer as it was published. */
async function speak(args: readonly string[], files: Readonly<Record<string, string>> = {}) {
  await using directory = await tempDirectory();
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(directory.join(name), text);
  }
  const given = Object.keys(files).flatMap((name) => ["--file", `${name}=${name}`]);
  return await runProgram(
    ["job", "run", ...given, await speechModule(), "--", ...args],
    { cwd: directory.path },
  );
}

Deno.test("a published speech synthesizer runs unchanged: it says numbers and abbreviations in words", async () => {
  const text = "Dr. Smith paid 42 dollars on May 3.\n";
  const { code, stdout, stderr } = await speak(["-pw", "-f", "in.txt", "-o", "none"], {
    "in.txt": text,
  });
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "doctor smith paid forty two dollars on may third \n");
});

Deno.test("it finds the sounds of a text in its argument, and writes the sound of them to a file", async () => {
  const { code, stdout, stderr } = await speak(["-ps", "-t", "Hello there", "-o", "out.wav"]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "pau hh ax l ow dh eh r pau \n");
});

Deno.test("its own errors and its exit code come out as they are", async () => {
  const missing = await speak(["-f", "missing.txt", "-o", "none"]);
  assert.equal(missing.stderr, 'failed to open file "missing.txt" for reading\n');
  const version = await speak(["--version"]);
  assert.match(version.stdout, /version: flite-2\.3/);
  assert.equal(version.code, 1);
});
