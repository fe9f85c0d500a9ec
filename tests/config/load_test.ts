import assert from "node:assert/strict";
import { loadConfig, usualPlaces } from "../../src/config/load.ts";
import { writeFiles } from "../support/artifacts.ts";
import { tempDirectory } from "../support/temp.ts";

Deno.test("the user's file is read where none is named", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "phase/provider.toml": "[provider]\nport = 81\n" });
  const env = (name: string) => ({ XDG_CONFIG_HOME: directory.path })[name];
  const config = await loadConfig({ env });
  assert.equal(config.values["provider.port"], 81);
  assert.equal(config.file, directory.join("phase/provider.toml"));
});

Deno.test("a named file is read instead, by flag before variable", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "a.toml": "[provider]\nport = 82\n", "b.toml": "" });
  const env = (name: string) => ({ PLASMD_CONFIG: directory.join("b.toml") })[name];
  assert.equal((await loadConfig({ env })).file, directory.join("b.toml"));
  const config = await loadConfig({ env, config: directory.join("a.toml") });
  assert.equal(config.values["provider.port"], 82);
});

Deno.test("a named file that isn't there is an error", async () => {
  await using directory = await tempDirectory();
  await assert.rejects(loadConfig({ config: directory.join("no.toml") }), {
    code: "io",
    message: /no\.toml/,
  });
});

Deno.test("a file above the limit is refused", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "big.toml": new Uint8Array(2 << 20) });
  await assert.rejects(loadConfig({ config: directory.join("big.toml") }), { code: "too_large" });
});

Deno.test("the machine's file comes before the user's", () => {
  assert.deepEqual(usualPlaces((name) => ({ HOME: "/home/a" })[name]), [
    "/etc/plasm/provider.toml",
    "/home/a/.config/phase/provider.toml",
  ]);
  assert.deepEqual(usualPlaces(() => undefined), ["/etc/plasm/provider.toml"]);
});

Deno.test({
  name: "a file in a place that is closed to us is not meant for us",
  // Root may read everything; the end-to-end tests try it as another user.
  ignore: Deno.uid() === 0,
  async fn() {
    await using directory = await tempDirectory();
    await writeFiles(directory.path, { "closed.toml": "", "mine.toml": "[provider]\nport = 83\n" });
    await Deno.chmod(directory.join("closed.toml"), 0);
    const places = [directory.join("closed.toml"), directory.join("mine.toml")];
    const config = await loadConfig({ places });
    assert.equal(config.file, directory.join("mine.toml"));
  },
});
