import assert from "node:assert/strict";
import { openComponentCache, transpilerVersion } from "../../../src/jobs/component/cache.ts";
import { packTranspiled } from "../../../src/jobs/component/packed.ts";
import { openPool } from "../../../src/jobs/pool.ts";
import { systemDeps } from "../../../src/lib/deps.ts";
import { componentOf } from "../../support/components.ts";
import { bareJob, ownJobProcess, scriptedProcess } from "../../support/job_processes.ts";
import { tempDirectory } from "../../support/temp.ts";
import project from "../../../deno.json" with { type: "json" };

const component = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0);
const packed = packTranspiled({ run: "run", script: new Uint8Array(3), cores: new Map() });

/** The only file of a directory. */
async function onlyFile(directory: string): Promise<string> {
  const names = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
  assert.equal(names.length, 1, names.join(" "));
  return `${directory}/${names[0]}`;
}

Deno.test("what is kept is for that component alone, and for our user alone", async () => {
  await using temp = await tempDirectory();
  const directory = temp.join("components");
  const cache = openComponentCache(directory);
  assert.equal(await cache.get(component), undefined);
  await cache.put(component, packed);
  assert.deepEqual(await cache.get(component), packed);
  assert.equal(await cache.get(Uint8Array.of(...component, 0)), undefined);
  assert.equal((await Deno.stat(directory)).mode! & 0o777, 0o700);
  assert.equal((await Deno.stat(await onlyFile(directory))).mode! & 0o777, 0o600);
});

Deno.test("a file with one other bit is no result, and is removed", async () => {
  await using temp = await tempDirectory();
  const cache = openComponentCache(temp.path);
  await cache.put(component, packed);
  const file = await onlyFile(temp.path);
  const bytes = await Deno.readFile(file);
  bytes[bytes.length - 1]! ^= 1;
  await Deno.writeFile(file, bytes);
  assert.equal(await cache.get(component), undefined);
  await assert.rejects(Deno.stat(file), Deno.errors.NotFound);
});

Deno.test("what is no packed component is not kept, nor is anything where nothing can be", async () => {
  await using temp = await tempDirectory();
  const cache = openComponentCache(temp.join("components"));
  await cache.put(component, new Uint8Array(10));
  assert.equal(await cache.get(component), undefined);
  await Deno.writeTextFile(temp.join("file"), "");
  const nowhere = openComponentCache(temp.join("file/components"));
  await nowhere.put(component, packed);
  assert.equal(await nowhere.get(component), undefined);
});

Deno.test("what was unused the longest goes first", async () => {
  await using temp = await tempDirectory();
  const cache = openComponentCache(temp.path, 3 * (packed.length + 64));
  const components = [1, 2, 3, 4].map((n) => Uint8Array.of(...component, n));
  const long = new Date(0);
  for (const one of components.slice(0, 3)) {
    await cache.put(one, packed);
    for await (const { name } of Deno.readDir(temp.path)) {
      await Deno.utime(temp.join(name), long, long);
    }
  }
  await cache.get(components[0]!);
  await cache.get(components[2]!);
  await cache.put(components[3]!, packed);
  const kept = await Promise.all(components.map((one) => cache.get(one)));
  assert.deepEqual(kept.map((one) => one !== undefined), [true, false, true, true]);
});

Deno.test("what another version made is not used: the version is that of the package", () => {
  const specifier = project.imports["@bytecodealliance/jco-transpile"];
  assert.equal(specifier, `npm:@bytecodealliance/jco-transpile@${transpilerVersion}`);
});

Deno.test("a second job with the same component starts with what the first one made", async () => {
  await using temp = await tempDirectory();
  const module = await componentOf({ data: "hello\n", run: runs });
  await using pool = openPool({ ...ownJobProcess(), warm: 0, components: temp.path }, systemDeps());
  const run = async () => {
    let out = "";
    const write = (_: string, bytes: Uint8Array) => void (out += new TextDecoder().decode(bytes));
    const signal = new AbortController().signal;
    const outcome = await pool.run(bareJob(module), { write }, { signal, submitter: "a" });
    return { ...outcome, out };
  };
  const expected = { completion: "exit", exitCode: 7, out: "hello\n" };
  assert.deepEqual(await run(), expected);
  const file = await onlyFile(temp.path);
  const old = new Date(0);
  await Deno.utime(file, old, old);
  assert.deepEqual(await run(), expected);
  assert.ok((await Deno.stat(file)).mtime!.getTime() > 0, "it was used");
});

const runs =
  "(call $print (i32.const 1024) (i32.const 6)) (call $exit (i32.const 7)) (i32.const 0)";

Deno.test("a process that says later what a component became is not believed", async () => {
  await using temp = await tempDirectory();
  await Deno.writeFile(temp.join("packed"), packed);
  const length = [...new Uint8Array(Uint32Array.of(packed.length).buffer)];
  const octal = length.map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
  const script = (before: string) =>
    `printf '${before}\\006${octal}'; cat ${temp.join("packed")}
    printf '\\005\\056\\000\\000\\000{"outcome":{"completion":"exit","exitCode":0}}'; exec sleep 60`;
  const keeps = async (before: string) => {
    const components = await Deno.makeTempDir({ dir: temp.path });
    await using pool = openPool(
      { ...scriptedProcess(script(before)), warm: 0, components },
      systemDeps(),
    );
    const signal = new AbortController().signal;
    await pool.run(bareJob(component), { write() {} }, { signal, submitter: "a" });
    return await openComponentCache(components).get(component);
  };
  assert.deepEqual(await keeps(""), packed);
  // A byte of output was there before.
  assert.equal(await keeps("\\003\\001\\000\\000\\000x"), undefined);
});
