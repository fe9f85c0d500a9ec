/**
 * Machines as network namespaces on one link, and Avahi on such a machine.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { type TempDirectory, tempDirectory } from "./temp.ts";
import { runTool } from "./tools.ts";

/** What `needing` must find. */
export const netnsTools: readonly string[] = ["ip"];
export const avahiTools: readonly string[] = [
  ...["avahi-daemon", "avahi-browse", "avahi-publish", "dbus-daemon", "unshare"],
];

/** A link with machines on it. Disposing it removes them. */
export interface NetnsLink extends AsyncDisposable {
  /** Names of the machines; each has the address 10.99.0.N and fd99::N, N from 1. */
  readonly machines: readonly string[];
  /** Words before a command that is to run where the bridge is. */
  readonly hub: readonly string[];
  /** Plugs a virtual machine into the bridge. Returns the tap device for QEMU, run with `hub`. */
  plugVm(): Promise<string>;
}

/** Makes a bridge and so many machines that are plugged into it by `eth0`. */
export async function netnsLink(count: number): Promise<NetnsLink> {
  await using made = new AsyncDisposableStack();
  const tag = `p${Deno.pid.toString(36)}${crypto.randomUUID().slice(0, 4)}`;
  const add = async (name: string) => {
    await runTool("ip", "netns", "add", name);
    made.defer(() => runTool("ip", "netns", "del", name).then(() => {}));
  };
  const hub = `${tag}-hub`;
  await add(hub);
  await runTool("ip", "-n", hub, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0");
  await runTool("ip", "-n", hub, "link", "set", "br0", "up");
  const machines: string[] = [];
  for (let i = 1; i <= count; i++) {
    const name = `${tag}-${i}`;
    await add(name);
    const peer = ["peer", "name", `port${i}`, "netns", hub];
    await runTool("ip", "-n", name, "link", "add", "eth0", "type", "veth", ...peer);
    await runTool("ip", "-n", hub, "link", "set", `port${i}`, "master", "br0", "up");
    await runTool("ip", "-n", name, "link", "set", "lo", "up");
    await runTool("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.eth0.accept_dad=0");
    await runTool("ip", "-n", name, "link", "set", "eth0", "up");
    await runTool("ip", "-n", name, "address", "add", `10.99.0.${i}/24`, "dev", "eth0");
    await runTool("ip", "-n", name, "address", "add", `fd99::${i}/64`, "dev", "eth0", "nodad");
    machines.push(name);
  }
  const owned = made.move();
  let taps = 0;
  return {
    machines,
    hub: ["ip", "netns", "exec", hub],
    async plugVm() {
      const tap = `tap${taps++}`;
      await runTool("ip", "-n", hub, "tuntap", "add", tap, "mode", "tap");
      await runTool("ip", "-n", hub, "link", "set", tap, "master", "br0", "up");
      return tap;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A program on a machine, whose output is followed. Disposing it ends it. */
export interface NetnsProgram extends AsyncDisposable {
  /** Resolves with the first match in what it has printed or will print. */
  waitFor(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray>;
  output(): string;
  signal(name: Deno.Signal): void;
  /** Resolves when it has ended. */
  readonly ended: Promise<unknown>;
}

/** Starts a program on a machine. */
export function startOn(
  machine: string,
  [command, ...args]: readonly [string, ...string[]],
  env: Record<string, string> = {},
): NetnsProgram {
  const child = new Deno.Command("ip", {
    args: ["netns", "exec", machine, command, ...args],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let text = "";
  const listeners = new Set<() => void>();
  const follow = async (stream: ReadableStream<Uint8Array>) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream() as never)) {
      text += part;
      listeners.forEach((listener) => listener());
    }
  };
  const ended = Promise.all([child.status, follow(child.stdout), follow(child.stderr)]);
  const signal = (name: Deno.Signal) => {
    try {
      child.kill(name);
    } catch (thrown) {
      if (!(thrown instanceof TypeError)) throw thrown; // it has ended already
    }
  };
  return {
    output: () => text,
    signal,
    ended,
    async waitFor(pattern, timeoutMs) {
      const found = Promise.withResolvers<RegExpExecArray>();
      const look = () => {
        const match = pattern.exec(text);
        if (match !== null) found.resolve(match);
      };
      const late = () => found.reject(new Error(`${command} doesn't print ${pattern}:\n${text}`));
      const timer = setTimeout(late, timeoutMs);
      listeners.add(look);
      look();
      try {
        return await found.promise;
      } finally {
        clearTimeout(timer);
        listeners.delete(look);
      }
    },
    async [Symbol.asyncDispose]() {
      signal("SIGKILL");
      await ended;
    },
  };
}

/** Leases addresses from 10.99.0.100 on, from a machine, with nothing else: no router, no names. */
export async function leaseAddresses(
  machine: string,
  directory: TempDirectory,
  bootFile?: string,
): Promise<NetnsProgram> {
  const file = directory.join("leases.conf");
  const lines = [
    ...["start 10.99.0.100", "end 10.99.0.120", "interface eth0", "option subnet 255.255.255.0"],
    ...[`lease_file ${directory.join("leases")}`, `pidfile ${directory.join("leases.pid")}`],
    ...(bootFile === undefined ? [] : [`boot_file ${bootFile}`]),
  ];
  await fs.writeFile(directory.join("leases"), "");
  await fs.writeFile(file, lines.join("\n") + "\n");
  return startOn(machine, ["busybox", "udhcpd", "-f", file]);
}

/** Avahi on a machine. */
export interface Avahi extends AsyncDisposable {
  /** Starts one of its tools there: `avahi-browse`, `avahi-publish`. */
  tool(...command: [string, ...string[]]): NetnsProgram;
}

/** Starts Avahi on a machine, with a message bus of its own. */
export async function startAvahi(machine: string): Promise<Avahi> {
  await using made = new AsyncDisposableStack();
  const directory: TempDirectory = made.use(await tempDirectory());
  const [bus, busFile, file] = ["bus", "bus.conf", "avahi.conf"].map((name) =>
    directory.join(name)
  );
  await fs.writeFile(busFile!, busConfiguration(bus!));
  await fs.writeFile(
    file!,
    "[server]\nhost-name=another\nenable-dbus=yes\n[wide-area]\nenable-wide-area=no\n",
  );
  const env = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${bus}` };
  const busArgs = [`--config-file=${busFile}`, "--nofork", "--nopidfile", "--print-address"];
  const daemon = made.use(startOn(machine, ["dbus-daemon", ...busArgs]));
  await daemon.waitFor(/unix:path/, 10_000);
  // Its run directory is fixed, and must not be the host's.
  const start = `mount -t tmpfs none /run && mkdir /run/avahi-daemon && exec avahi-daemon ` +
    `-f ${file} --no-drop-root --no-chroot --no-rlimits`;
  const avahi = made.use(startOn(machine, ["unshare", "-m", "sh", "-c", start], env));
  await avahi.waitFor(/Server startup complete/, 20_000);
  const owned = made.move();
  return {
    tool: (...command) => startOn(machine, command, env),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function busConfiguration(socket: string): string {
  const allow = ["send_type", "receive_type"].flatMap((way) =>
    ["method_call", "method_return", "signal", "error"].map((type) => `<allow ${way}="${type}"/>`)
  );
  return `<busconfig><type>system</type><listen>unix:path=${socket}</listen>
<auth>EXTERNAL</auth><policy context="default"><allow user="*"/><allow own="*"/>
${allow.join("\n")}</policy></busconfig>`;
}
