import assert from "node:assert/strict";
import { runCommand } from "../../src/cli/main.ts";
import { parseKeyLists } from "../../src/formats/key_list.ts";
import { createIdentity, type Identity } from "../../src/identity/key_file.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { fakeTerminal } from "../support/terminal.ts";

async function plasmd(...args: string[]) {
  const terminal = fakeTerminal();
  const code = await runCommand(args, terminal, new AbortController().signal);
  return { code, out: terminal.out(), err: terminal.err() };
}

/** A directory with keys in it. */
interface Place extends AsyncDisposable {
  readonly directory: TempDirectory;
  readonly lists: string;
  readonly root: Identity;
  readonly second: Identity;
  readonly release: Identity;
  readonly next: Identity;
}

async function place(): Promise<Place> {
  const directory = await tempDirectory();
  const key = (name: string) => createIdentity(directory.join(`${name}.key`), systemDeps());
  return {
    directory,
    lists: directory.join("keys.json"),
    root: await key("root"),
    second: await key("second"),
    release: await key("release"),
    next: await key("next"),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

async function init({ root, release, lists }: Place, ...more: string[]) {
  return await plasmd(
    ...["publisher", "init", "--root", root.keyid, "--publish", release.keyid],
    ...["--key", root.file, "--output", lists, ...more],
  );
}

async function good(run: ReturnType<typeof plasmd>): Promise<string> {
  const { code, out, err } = await run;
  assert.equal(code, 0, err);
  return out;
}

async function refused(run: ReturnType<typeof plasmd>, code: number, message: RegExp) {
  const ended = await run;
  assert.match(ended.err, message);
  assert.equal(ended.code, code);
  assert.doesNotMatch(ended.err, /\n\s+at /);
}

/** A manifest with the lists, signed by a key, and whether who pins the root takes it. */
async function published({ directory, lists, root }: Place, signer: Identity) {
  await Deno.mkdir(directory.join("image"), { recursive: true });
  await Deno.writeTextFile(directory.join("image", "vmlinuz"), "a kernel");
  const output = directory.join("manifest.json");
  await good(plasmd(
    ...["manifest", "generate", "--artifacts", directory.join("image"), "--output", output],
    ...["--signing-key", signer.file, "--key-lists", lists],
  ));
  return plasmd("manifest", "verify", output, "--trust", `root:${root.keyid}`);
}

Deno.test("publisher init makes a complete list that only its owner can replace", async () => {
  await using at = await place();
  const { code, out, err } = await init(at);
  assert.equal(code, 0);
  assert.equal(out, `${at.lists}: key list 1, complete\n`);
  assert.match(err, new RegExp(`clients pin: root:${at.root.keyid}`));
  assert.equal((await published(at, at.release)).code, 0);
  const before = await Deno.readFile(at.lists);
  await refused(init(at), 2, /There is already something at .*\nhint: .*publisher rotate/);
  assert.deepEqual(await Deno.readFile(at.lists), before);
});

Deno.test("publisher init says what is missing", async () => {
  await using at = await place();
  const { root, release, lists } = at;
  await refused(plasmd("publisher", "init", "--root", root.keyid), 2, /without root keys and pub/);
  const roles = ["--root", root.keyid, "--publish", release.keyid, "--output", lists];
  await refused(
    plasmd("publisher", "init", ...roles, "--root-threshold", "2"),
    2,
    /2, which 1 key/,
  );
  await refused(
    plasmd("publisher", "init", ...roles, "--expires-in", "367d"),
    2,
    /"367d": it lies between 1m and 366 d/,
  );
  await refused(
    plasmd("publisher", "init", ...roles, "--key", release.file),
    2,
    /is no root key of list 1/,
  );
  await refused(plasmd("publisher", "init", ...roles, "--key", "/none.key"), 2, /no key file/);
  await assert.rejects(Deno.stat(lists), Deno.errors.NotFound);
});

Deno.test("two of two sign, on machines of their own", async () => {
  await using at = await place();
  const out = await good(init(at, "--root", at.second.keyid, "--root-threshold", "2"));
  assert.match(out, /key list 1, not signed by enough root keys yet/);
  assert.match(out, new RegExp(`missing: 1 signature .* of list 1: ${at.second.keyid}`));
  const signed = await good(plasmd("publisher", "sign", at.lists, "--key", at.second.file));
  assert.equal(signed, `${at.lists}: key list 1, complete\n`);
});

Deno.test("publisher sign --output leaves the file as it was, and --key is needed", async () => {
  await using at = await place();
  await good(init(at, "--root", at.second.keyid, "--root-threshold", "2"));
  const before = await Deno.readFile(at.lists);
  const output = at.directory.join("signed.json");
  await good(
    plasmd("publisher", "sign", at.lists, "--key", at.second.file, "--output", output),
  );
  assert.deepEqual(await Deno.readFile(at.lists), before);
  assert.equal(parseKeyLists(await Deno.readFile(output))[0]!.signatures.length, 2);
  await refused(plasmd("publisher", "sign", at.lists), 2, /Nothing says which root key signs/);
  await refused(
    plasmd("publisher", "sign", at.lists, "--key", at.release.file),
    2,
    /is no root key of list 1 or of the one before/,
  );
});

Deno.test("publisher rotate changes the publish key, and the old one is refused", async () => {
  await using at = await place();
  await good(init(at));
  const { lists, root, next, release } = at;
  await good(plasmd("publisher", "rotate", lists, "--publish", next.keyid, "--key", root.file));
  const verified = await published(at, next);
  assert.match(verified.out, new RegExp(`signed by ${next.keyid}`));
  await assert.rejects(published(at, release), { message: /key list 2 doesn't name/ });
});

Deno.test("publisher rotate without changes renews, and with a root key replaces it", async () => {
  await using at = await place();
  await good(init(at, "--expires-in", "1d"));
  const { lists, root, second, release } = at;
  await good(plasmd("publisher", "rotate", lists, "--key", root.file, "--expires-in", "366d"));
  const keys = ["--key", root.file, "--key", second.file];
  await good(plasmd("publisher", "rotate", lists, "--root", `root:${second.keyid}`, ...keys));
  const [first, renewed, replaced] = parseKeyLists(await Deno.readFile(lists));
  assert.deepEqual([renewed!.root, renewed!.publish], [first!.root, first!.publish]);
  assert.deepEqual(replaced!.root.keys, [second.keyid]);
  assert.equal((await published(at, release)).code, 0);
});

Deno.test("publisher rotate on an incomplete list is refused and changes nothing", async () => {
  await using at = await place();
  await good(init(at));
  await good(plasmd("publisher", "rotate", at.lists));
  const before = await Deno.readFile(at.lists);
  await refused(
    plasmd("publisher", "rotate", at.lists, "--key", at.root.file),
    2,
    /Key list 2 is signed by 0 of the 1 root key.*\nhint: plasmd publisher show/,
  );
  assert.deepEqual(await Deno.readFile(at.lists), before);
  await assert.rejects(published(at, at.release), { message: /Cannot publish the key lists/ });
});

Deno.test("publisher revoke takes a key out and another one in", async () => {
  await using at = await place();
  await good(init(at));
  const { lists, root, next, release } = at;
  await refused(
    plasmd("publisher", "revoke", lists, release.keyid, "--key", root.file),
    2,
    /0 publish keys would be left.*\nhint: .*--replacement/,
  );
  await good(plasmd(
    ...["publisher", "revoke", lists, release.keyid, "--replacement", next.keyid],
    ...["--key", root.file],
  ));
  assert.equal((await published(at, next)).code, 0);
  await refused(plasmd("publisher", "revoke", lists, release.keyid), 2, /list 2 doesn't name/);
});

Deno.test("publisher show prints each list, who signed it and what is missing", async () => {
  await using at = await place();
  await good(init(at));
  await good(plasmd("publisher", "rotate", at.lists, "--publish", at.next.keyid));
  const out = await good(plasmd("publisher", "show", at.lists));
  assert.match(out, /^key list 1\n {2}created +\S+Z\n {2}expires +\S+Z \(in 18[23] d/);
  assert.match(out, new RegExp(`root +1 of 1\n +${at.root.keyid}\n`));
  assert.match(out, new RegExp(`signed by +${at.root.keyid}\n\nkey list 2\n`));
  assert.match(out, /signed by +nobody\n\nmissing: 1 signature of the root keys of list 1: /);
  const json = JSON.parse(await good(plasmd("publisher", "show", at.lists, "--json")));
  assert.deepEqual(json.missing.map(({ version }: { version: number }) => version), [1, 2]);
  assert.deepEqual([json.list_version, json.complete, json.key_lists.length], [2, false, 2]);
});

Deno.test("publisher commands refuse what is no file of key lists, with exit code 4", async () => {
  await using at = await place();
  await good(init(at));
  const text = await Deno.readTextFile(at.lists);
  const bad: [string, RegExp][] = [
    ["", /it is empty/],
    [`${text}\n`, /not in canonical form/],
    ["{}", /"key_lists" must be a list/],
    [text.replace('"threshold":1', '"threshold":2'), /which 1 key can't reach/],
    [" ".repeat(1024 * 1024), /limit is/],
  ];
  for (const [content, message] of bad) {
    await Deno.writeTextFile(at.lists, content);
    for (const command of [["show"], ["rotate"], ["sign", "--key", at.root.file]]) {
      const [name, ...flags] = command as [string, ...string[]];
      await refused(plasmd("publisher", name, at.lists, ...flags), 4, message);
    }
    assert.equal(await Deno.readTextFile(at.lists), content);
  }
  await refused(plasmd("publisher", "show", "/nonexistent.json"), 1, /Cannot read "\/nonexistent/);
});

Deno.test("manifest sign refuses a root key, manifest show names the key list", async () => {
  await using at = await place();
  await good(init(at));
  await published(at, at.release);
  const manifest = at.directory.join("manifest.json");
  await refused(
    plasmd("manifest", "sign", manifest, "--key", at.root.file),
    2,
    /is a root key, which signs key lists only/,
  );
  const shown = await good(plasmd("manifest", "show", manifest));
  assert.match(shown, new RegExp(`key list +1, valid until \\S+\n +1 of ${at.release.keyid} must`));
  assert.doesNotMatch(shown, /other members/);
});

Deno.test("without a policy manifest verify names the root keys too", async () => {
  await using at = await place();
  await good(init(at));
  await published(at, at.release);
  const before = Deno.env.get("XDG_CONFIG_HOME");
  Deno.env.set("XDG_CONFIG_HOME", at.directory.path);
  try {
    const manifest = at.directory.join("manifest.json");
    await refused(
      plasmd("manifest", "verify", manifest),
      4,
      new RegExp(`to pin a root key of it: --trust root:${at.root.keyid}`),
    );
  } finally {
    if (before === undefined) Deno.env.delete("XDG_CONFIG_HOME");
    else Deno.env.set("XDG_CONFIG_HOME", before);
  }
});
