import assert from "node:assert/strict";
import { projectRoot } from "../support/program.ts";

const read = (path: string) => Deno.readTextFile(`${projectRoot}dist/${path}`);

/** The settings of a section, in their order: a key may be given several times. */
function settingsOf(unit: string, section: string): [string, string][] {
  const body = unit.split(/^\[/m).find((part) => part.startsWith(`${section}]`)) ?? "";
  return body.split("\n").slice(1).filter((line) => /^[A-Za-z]/.test(line))
    .map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    });
}

const service = settingsOf(await read("systemd/plasmd.service"), "Service");
const values = (key: string) => service.filter(([name]) => name === key).map(([, value]) => value);

Deno.test("the systemd unit has a user of its own, and no capability", async () => {
  assert.deepEqual(values("User"), ["plasmd"]);
  assert.match(await read("sysusers.d/plasmd.conf"), /^u plasmd - "plasmd" \/var\/lib\/plasm$/m);
  assert.deepEqual(values("CapabilityBoundingSet"), [""]);
  assert.deepEqual(values("NoNewPrivileges"), ["yes"]);
  assert.deepEqual(values("ProtectSystem"), ["strict"]);
});

Deno.test("what the systemd unit tells the program lies in the directories that it makes", () => {
  const env = Object.fromEntries(values("Environment").map((text) => text.split("=")));
  assert.deepEqual(env, {
    PLASMD_STATE_DIR: `/var/lib/${values("StateDirectory")}`,
    PLASMD_IDENTITY: `/var/lib/${values("StateDirectory")}/identity.key`,
    PLASMD_CACHE_DIR: `/var/cache/${values("CacheDirectory")}`,
  });
  // DESIGN 4, 12: only the user itself may look into them.
  assert.deepEqual([values("StateDirectoryMode"), values("CacheDirectoryMode")], [
    ["0700"],
    ["0700"],
  ]);
});

Deno.test("V8 may make code in the systemd unit, and the unit says why", async () => {
  assert.deepEqual(values("MemoryDenyWriteExecute"), ["no"]);
  assert.match(
    await read("systemd/plasmd.service"),
    /# V8 .*MemoryDenyWriteExecute.*\nMemoryDeny/,
  );
});

/** A value of a property list, as far as ours has any. */
type Plist = string | number | boolean | { [key: string]: Plist } | Plist[];

/** Reads a property list strictly: what it doesn't know is an error. */
function parsePlist(text: string): Plist {
  const body = /<plist version="1\.0">([^]*)<\/plist>\s*$/.exec(text)?.[1];
  assert.ok(body !== undefined, "no plist element");
  const tokens = [...body.matchAll(/<(\/?[a-z]+\/?)>|([^<>]+)/g)]
    .map(([whole, tag]) => tag === undefined ? whole.trim() : `<${tag}>`)
    .filter((token) => token !== "");
  const value = plistValue(tokens);
  assert.deepEqual(tokens, [], "something stands behind the value");
  return value;
}

function plistValue(tokens: string[]): Plist {
  const tag = tokens.shift();
  if (tag === "<true/>" || tag === "<false/>") return tag === "<true/>";
  if (tag === "<string>") return closed(tokens, "</string>");
  if (tag === "<integer>") return Number(closed(tokens, "</integer>"));
  if (tag === "<array>") {
    const items: Plist[] = [];
    while (tokens[0] !== "</array>") items.push(plistValue(tokens));
    tokens.shift();
    return items;
  }
  assert.equal(tag, "<dict>");
  const dict: { [key: string]: Plist } = {};
  while (tokens[0] !== "</dict>") {
    assert.equal(tokens.shift(), "<key>");
    const key = closed(tokens, "</key>");
    assert.ok(!Object.hasOwn(dict, key), `${key} is there twice`);
    dict[key] = plistValue(tokens);
  }
  tokens.shift();
  return dict;
}

function closed(tokens: string[], end: string): string {
  const text = tokens.shift()!;
  assert.equal(tokens.shift(), end);
  return text;
}

Deno.test("the launchd plist starts serve as a user of its own, with its state in one place", async () => {
  const plist = parsePlist(await read("launchd/plasmd.plist")) as Record<string, Plist>;
  assert.deepEqual(plist.ProgramArguments, ["/usr/local/bin/plasmd", "serve"]);
  assert.equal(plist.UserName, "_plasmd");
  assert.deepEqual(plist.EnvironmentVariables, {
    HOME: plist.WorkingDirectory!,
    PLASMD_STATE_DIR: plist.WorkingDirectory!,
    PLASMD_IDENTITY: `${plist.WorkingDirectory}/identity.key`,
  });
  assert.equal(plist.Umask, 0o077);
});

Deno.test("a plist that is cut or has a key twice is noticed", () => {
  const wrap = (text: string) => `<plist version="1.0">${text}</plist>\n`;
  assert.deepEqual(parsePlist(wrap("<dict><key>a</key><array><true/></array></dict>")), {
    a: [true],
  });
  assert.throws(() => parsePlist(wrap("<dict><key>a</key><true/><key>a</key><false/></dict>")));
  assert.throws(() => parsePlist(wrap("<dict><key>a</key></dict>")));
  assert.throws(() => parsePlist("<plist><dict></dict>"));
});

Deno.test("OpenRC and systemd give the program the same places", async () => {
  const script = await read("openrc/plasmd");
  const exported = [...script.matchAll(/^export (\w+)="(.*)"$/gm)].map(([, n, v]) => `${n}=${v}`);
  assert.deepEqual(exported, values("Environment"));
});
