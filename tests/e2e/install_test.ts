import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { signRelease } from "../../src/build/release.ts";
import { type ReleaseKey, releaseKey } from "../../src/build/release_sign.ts";
import { dist, releaseUrl, smallVersion } from "../support/release.ts";
import { projectRoot } from "../support/program.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { missingTools, needing, type TestBody } from "../support/tools.ts";

const key = releaseKey(new Uint8Array(32).fill(7));
const stranger = releaseKey(new Uint8Array(32).fill(8));
const executable = `plasmd-linux-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`;
const treeScript = `${projectRoot}dist/install.sh`;

/** A release on a server, and a machine to install it on. */
interface Site extends AsyncDisposable {
  readonly place: TempDirectory;
  readonly release: string;
  readonly prefix: string;
  readonly url: string;
  /** Runs the release's install.sh, or another one. */
  install(args: readonly string[], options?: InstallOptions): Promise<Result>;
  /** Everything below the prefix. */
  installed(): Promise<string[]>;
}

interface InstallOptions {
  readonly script?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly shell?: string;
}

interface Result {
  readonly code: number;
  readonly err: string;
}

async function site(signer: ReleaseKey = key): Promise<Site> {
  const place = await tempDirectory();
  const release = place.join("release");
  await signRelease({
    dist: await dist(place.join("dist"), executable),
    output: release,
    key: signer,
    url: releaseUrl,
  });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const name = new URL(request.url).pathname.slice(1);
    const bytes = await fs.readFile(`${release}/${name}`).catch(() => undefined);
    return new Response(bytes === undefined ? null : new Uint8Array(bytes), {
      status: bytes === undefined ? 404 : 200,
    });
  });
  const prefix = place.join("prefix");
  return {
    place,
    release,
    prefix,
    url: `http://127.0.0.1:${server.addr.port}/`,
    async install(args, { script = `${release}/install.sh`, env = {}, shell = "dash" } = {}) {
      const { code, stderr } = await new Deno.Command(shell, {
        args: [script, "--prefix", prefix, ...args],
        env: { PLASMD_INSTALL_URL: `http://127.0.0.1:${server.addr.port}/`, ...env },
      }).output();
      return { code, err: new TextDecoder().decode(stderr) };
    },
    async installed() {
      const found = await fs.readdir(prefix, { recursive: true, withFileTypes: true })
        .catch(() => []);
      return found.filter((entry) => !entry.isDirectory())
        .map((entry) => `${entry.parentPath}/${entry.name}`.slice(prefix.length + 1)).sort();
    },
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await place[Symbol.asyncDispose]();
    },
  };
}

/** A PATH with what a small system has, and without some of it. */
async function pathWithout(place: TempDirectory, ...absent: string[]): Promise<string> {
  const tools = [
    ..."sh awk cat chmod curl cut id mkdir mktemp mv openssl rm sha256sum uname wget".split(" "),
  ].filter((tool) => !absent.includes(tool));
  const path = place.join(`without-${absent.join("-")}`);
  await fs.mkdir(path);
  for (const tool of tools) {
    const folder = (Deno.env.get("PATH") ?? "").split(":")
      .find((folder) => missingTools([tool]).length === 0 && isFile(`${folder}/${tool}`));
    await fs.symlink(`${folder}/${tool}`, `${path}/${tool}`);
  }
  return path;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

const everything = [
  "bin/plasmd",
  "share/bash-completion/completions/plasmd",
  "share/fish/vendor_completions.d/plasmd.fish",
  "share/man/man1/plasmd.1",
  "share/zsh/site-functions/_plasmd",
];

function test(name: string, body: TestBody) {
  const tools = ["curl", "dash", "openssl", "wget"];
  Deno.test(name, needing({ tools }, body));
}

test("a release is installed with its man page and completions, and again over itself", async () => {
  await using one = await site();
  for (const _ of ["first", "again"]) {
    const { code, err } = await one.install([]);
    assert.equal(code, 0, err);
    assert.match(err, new RegExp(`installed plasmd ${smallVersion} as .*/prefix/bin/plasmd\n`));
    assert.deepEqual(await one.installed(), everything);
  }
  assert.equal((await fs.stat(`${one.prefix}/bin/plasmd`)).mode & 0o777, 0o755);
  const page = await fs.readFile(`${one.prefix}/share/man/man1/plasmd.1`, "utf8");
  assert.equal(page, "this is plasmd.1\n");
});

test("bash and BusyBox run the script, too", async () => {
  await using one = await site();
  const shells = [["bash"], ["busybox", "sh"]].filter(([shell]) =>
    missingTools([shell!]).length === 0
  );
  for (const [shell, ...before] of shells) {
    const script = `${one.release}/install.sh`;
    const { code, stderr } = await new Deno.Command(shell!, {
      args: [...before, script, "--prefix", one.place.join(shell!)],
      env: { PLASMD_INSTALL_URL: one.url },
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.ok(isFile(one.place.join(shell!, "bin/plasmd")));
  }
});

test("the version that is wanted is installed, another one isn't", async () => {
  await using one = await site();
  const other = await one.install(["--version", "1.2.4"]);
  assert.equal(other.code, 1);
  assert.match(other.err, /that is plasmd 1\.2\.3, and not version 1\.2\.4/);
  assert.deepEqual(await one.installed(), []);
  assert.equal((await one.install(["--version", `v${smallVersion}`])).code, 0);
});

test("without curl it takes wget", async () => {
  await using one = await site();
  const path = await pathWithout(one.place, "curl");
  const { code, err } = await one.install([], { env: { PATH: path }, shell: "/usr/bin/dash" });
  assert.equal(code, 0, err);
  assert.deepEqual(await one.installed(), everything);
});

test("a changed file is refused, and what was installed stays", async () => {
  await using one = await site();
  assert.equal((await one.install([])).code, 0);
  const before = await fs.readFile(`${one.prefix}/bin/plasmd`, "utf8");
  for (const name of [executable, "_plasmd"]) {
    const good = await fs.readFile(`${one.release}/${name}`);
    await fs.appendFile(`${one.release}/${name}`, "# more\n");
    const { code, err } = await one.install([]);
    assert.equal(code, 1);
    assert.match(err, new RegExp(`error: "${name}" is not the file of the release`));
    await fs.writeFile(`${one.release}/${name}`, good);
  }
  assert.equal(await fs.readFile(`${one.prefix}/bin/plasmd`, "utf8"), before);
  assert.deepEqual(await one.installed(), everything);
  const fresh = one.place.join("fresh");
  await fs.appendFile(`${one.release}/plasmd.fish`, "# more\n");
  assert.equal((await one.install(["--prefix", fresh])).code, 1);
  assert.deepEqual(await fs.readdir(`${fresh}/bin`), [], "all is checked before the first is put");
});

test("sums that were changed, or signed by a stranger or not at all, are refused", async () => {
  await using one = await site();
  const sums = await fs.readFile(`${one.release}/SHA256SUMS`);
  const signature = `${one.release}/SHA256SUMS.sig`;
  const refused = async (reason: RegExp) => {
    const { code, err } = await one.install([]);
    assert.equal(code, 1);
    assert.match(err, reason);
    assert.deepEqual(await one.installed(), []);
  };
  const notOurs = new RegExp(`the signature of SHA256SUMS is not by ${key.keyid}`);
  await fs.writeFile(`${one.release}/SHA256SUMS`, `${sums}\n`);
  await refused(notOurs);
  await fs.writeFile(`${one.release}/SHA256SUMS`, sums);
  await fs.writeFile(signature, stranger.sign(sums));
  await refused(notOurs);
  await fs.writeFile(signature, "");
  await refused(notOurs);
  await fs.rm(signature);
  await refused(/cannot download .*SHA256SUMS\.sig/);
});

test("a whole release by a stranger is refused by a script that has our key", async () => {
  await using one = await site(stranger);
  const args = ["--key", key.keyid];
  const { code, err } = await one.install(args, { script: treeScript });
  assert.equal(code, 1);
  assert.match(err, /the signature of SHA256SUMS is not by/);
  assert.deepEqual(await one.installed(), []);
});

test("the script of the project asks for the key and the place, and takes them", async () => {
  await using one = await site();
  const without = await one.install([], { script: treeScript });
  assert.equal(without.code, 1);
  assert.match(without.err, /has no release key\nhint: give the key/);
  for (
    const wrong of ["ed25519:aa", key.keyid.slice(8), key.keyid.toUpperCase(), "ed25519:$(id)"]
  ) {
    const { code, err } = await one.install(["--key", wrong], { script: treeScript });
    assert.equal(code, 1);
    assert.match(err, /is no key/);
  }
  const args = ["--key", key.keyid];
  const nowhere = await one.install(args, { script: treeScript, env: { PLASMD_INSTALL_URL: "" } });
  assert.match(nowhere.err, /doesn't know where releases are\nhint: set PLASMD_INSTALL_URL/);
  assert.deepEqual(await one.installed(), []);
  assert.equal((await one.install(args, { script: treeScript })).code, 0);
});

test("without openssl it refuses, and goes on only when told to, checking the sums", async () => {
  await using one = await site();
  const options = {
    env: { PATH: await pathWithout(one.place, "openssl") },
    shell: "/usr/bin/dash",
  };
  const refused = await one.install([], options);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /no OpenSSL 3 .*\nhint: install it: apt-get install openssl/);
  assert.deepEqual(await one.installed(), []);
  const skipped = await one.install(["--insecure-skip-signature"], options);
  assert.equal(skipped.code, 0, skipped.err);
  assert.match(skipped.err, /WARNING: THE SIGNATURE IS NOT CHECKED/);
  await fs.appendFile(`${one.release}/${executable}`, "# more\n");
  const changed = await one.install(["--insecure-skip-signature"], options);
  assert.equal(changed.code, 1);
  assert.match(changed.err, /is not the file of the release/);
});

test("an openssl that accepts everything isn't believed", async () => {
  await using one = await site();
  const path = await pathWithout(one.place, "openssl");
  await fs.writeFile(`${path}/openssl`, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
  const { code, err } = await one.install([], { env: { PATH: path }, shell: "/usr/bin/dash" });
  assert.equal(code, 1);
  assert.match(err, /no OpenSSL 3/);
});

test("where openssl is there, skipping the signature isn't possible", async () => {
  await using one = await site(stranger);
  const { code, err } = await one.install(["--insecure-skip-signature", "--key", key.keyid]);
  assert.equal(code, 1);
  assert.match(err, /the signature of SHA256SUMS is not by/);
});

test("uninstalling removes what was installed, and nothing else", async () => {
  await using one = await site();
  assert.equal((await one.install([])).code, 0);
  await fs.writeFile(`${one.prefix}/bin/other`, "");
  const { code, err } = await one.install(["--uninstall"]);
  assert.equal(code, 0, err);
  assert.match(err, /Keys, configuration and state were left/);
  assert.deepEqual(await one.installed(), ["bin/other"]);
  const again = await one.install(["--uninstall"]);
  assert.equal(again.code, 1);
  assert.match(again.err, /is not installed below/);
});

test("a script that was cut off on its way does nothing", async () => {
  await using one = await site();
  const text = await fs.readFile(`${one.release}/install.sh`, "utf8");
  const lines = text.trimEnd().split("\n");
  for (let count = 20; count < lines.length; count += 29) {
    const script = one.place.join("cut.sh");
    await fs.writeFile(script, lines.slice(0, count).join("\n"));
    await one.install([], { script });
    assert.deepEqual(await one.installed(), [], `cut after ${count} lines`);
  }
});

test("a wrong command line ends with 2 and the usage", async () => {
  await using one = await site();
  for (const args of [["--kye"], ["--key"], ["--version", "1;2"], ["--prefix", ""]]) {
    const { code, err } = await one.install(args);
    assert.equal(code, 2);
    assert.match(err, /^error: [^]*\nusage: install\.sh/);
  }
});

/** The block of docs/install.md with this in it, for a release on our server. */
async function shown(marker: string, url: string): Promise<string> {
  const page = await Deno.readTextFile(`${projectRoot}docs/install.md`);
  const block = [...page.matchAll(/```sh\n([^]*?)```/g)].map(([, text]) => text!)
    .find((text) => text.includes(marker));
  assert.ok(block !== undefined, `docs/install.md has no block with ${marker}`);
  return block.replaceAll("RELEASES/latest/download/", url)
    .replaceAll("plasmd-linux-x64", executable);
}

/** Runs lines of the page as a person would, in a home of their own. */
async function asShown(lines: string, home: string, env: Readonly<Record<string, string>>) {
  return await new Deno.Command("sh", {
    args: ["-ec", lines],
    cwd: home,
    env: { HOME: home, ...env },
  })
    .output();
}

Deno.test(
  "the steps that docs/install.md shows check a release by hand",
  needing({ tools: ["curl", "openssl", "xxd"] }, async () => {
    await using one = await site();
    const lines = await shown("openssl pkeyutl", one.url);
    const good = await asShown(lines, one.place.path, { KEYID: key.keyid });
    assert.equal(good.code, 0, new TextDecoder().decode(good.stderr));
    assert.ok(isFile(one.place.join(".local/bin/plasmd")));
    const bad = await asShown(lines, one.place.path, { KEYID: stranger.keyid });
    assert.notEqual(bad.code, 0);
    await fs.appendFile(`${one.release}/${executable}`, "# more\n");
    assert.notEqual((await asShown(lines, one.place.path, { KEYID: key.keyid })).code, 0);
  }),
);

test("the line that docs/install.md shows installs from a pipe", async () => {
  await using one = await site();
  const lines = (await shown("--prefix /opt", one.url)).replace("/opt/plasmd", one.prefix);
  const { code } = await asShown(lines, one.place.path, { PLASMD_INSTALL_URL: one.url });
  assert.equal(code, 0);
  assert.deepEqual(await one.installed(), everything);
});

Deno.test(
  "a user without rights gets it below ~/.local, as the first line of the page says",
  needing({ tools: ["curl", "openssl", "setpriv"], root: true }, async () => {
    await using one = await site();
    const home = one.place.join("home");
    await fs.mkdir(home);
    await fs.chown(home, 65534, 65534);
    await fs.chmod(one.place.path, 0o755);
    const line = (await shown("install.sh | sh\n", one.url)).trim();
    const { code, stderr } = await new Deno.Command("setpriv", {
      args: ["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", line],
      cwd: home,
      env: { HOME: home, PLASMD_INSTALL_URL: one.url },
    }).output();
    const err = new TextDecoder().decode(stderr);
    assert.equal(code, 0, err);
    assert.match(err, /To find it: export PATH=".*\/home\/\.local\/bin:\$PATH"/);
    assert.ok(isFile(`${home}/.local/share/man/man1/plasmd.1`));
  }),
);

Deno.test(
  "shellcheck finds nothing in install.sh",
  needing({ tools: ["dash", "shellcheck"] }, async () => {
    for (const [command, ...args] of [["dash", "-n"], ["shellcheck", "--shell=sh"]]) {
      const { code, stdout } = await new Deno.Command(command!, { args: [...args, treeScript] })
        .output();
      assert.equal(code, 0, new TextDecoder().decode(stdout));
    }
  }),
);
