/**
 * Virtual machines without hardware help (QEMU's TCG), so that they run anywhere. What a machine
 * prints on its serial console is what a test sees of it.
 *
 * @module
 */

import type { Arch } from "../../src/formats/names.ts";
import { projectRoot } from "./program.ts";

/** What a machine is made of. */
export interface VmOptions {
  /** For the time line. */
  readonly name: string;
  /** Default x86_64. */
  readonly arch?: Arch;
  /** What QEMU itself starts; without it the firmware finds something. */
  readonly kernel?: string;
  readonly initramfs?: string;
  readonly firmware?: Firmware;
  /** The image of a USB stick to start from. */
  readonly stick?: string;
  /** Kernel arguments, besides the console's. */
  readonly append?: string;
  /** MiB; default 1024. */
  readonly memory?: number;
  /** Ports of the host's loopback that lead to ports of the machine. */
  readonly forward?: readonly { readonly host: number; readonly guest: number }[];
  /** Network cards: a QEMU model each, in a user network each. Default one virtio-net-pci. */
  readonly cards?: readonly string[];
  /** Disk images, each a virtio-blk-pci. */
  readonly disks?: readonly string[];
  /** Words before QEMU's command: those that run it in a namespace. */
  readonly prefix?: readonly string[];
  /** More arguments for QEMU. */
  readonly extra?: readonly string[];
}

/** UEFI, as Debian's ovmf and qemu-efi-aarch64 have it. */
export interface Firmware {
  readonly code: string;
  /** Its variables: a copy of them is used. */
  readonly variables?: string;
  /** Whether it starts only what is signed. */
  readonly secure?: boolean;
}

/** A machine that runs. Disposing it cuts its power. */
export interface Vm extends AsyncDisposable {
  readonly name: string;
  /** All that it has printed. */
  console(): string;
  /** Resolves with the first match in what was printed since the last one that was waited for. */
  waitFor(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray>;
  /** Resolves when the machine has gone off. */
  off(timeoutMs: number): Promise<void>;
  /** Types a line on its console. */
  type(line: string): Promise<void>;
  /** Says a line to QEMU's monitor: `set_link n0 off`. */
  monitor(line: string): Promise<void>;
  /** Cuts its power now. */
  kill(): Promise<void>;
}

/** The host, as a machine in a user network sees it. */
export const hostAddress = "10.0.2.2";

/** What differs between the machines of an arch. */
const machines: Readonly<
  Record<Arch, {
    readonly program: string;
    readonly board: readonly string[];
    readonly console: string;
  }>
> = {
  // Without hardware help the string instructions that these flags promise to be fast are carried
  // out a byte at a time: clearing memory then takes longer than anything that is measured.
  x86_64: {
    program: "qemu-system-x86_64",
    board: ["-cpu", "max,-erms,-fsrm"],
    console: "ttyS0",
  },
  // The fastest processor without hardware help.
  arm64: {
    program: "qemu-system-aarch64",
    board: ["-machine", "virt", "-cpu", "cortex-a72"],
    console: "ttyAMA0",
  },
};

/** Starts a machine. */
export async function startVm(options: VmOptions): Promise<Vm> {
  const directory = await Deno.makeTempDir({ prefix: "plasmd-vm-" });
  const socket = `${directory}/monitor`;
  const started = performance.now();
  const variables = options.firmware?.variables && `${directory}/variables.fd`;
  if (variables) await Deno.copyFile(options.firmware!.variables!, variables);
  const machine = machines[options.arch ?? "x86_64"];
  const qemu = [machine.program, ...vmArguments(options, socket, variables)];
  const [program, ...args] = [...options.prefix ?? [], ...qemu];
  const child = new Deno.Command(program!, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const log = openLog(options.name, started);
  const output = Promise.all([log.follow(child.stdout), log.follow(child.stderr)]);
  const ended = (async () => {
    await Promise.all([child.status, output]);
    log.end();
    await Deno.remove(directory, { recursive: true });
  })();
  const keyboard = child.stdin.getWriter();
  const kill = async () => {
    try {
      child.kill("SIGKILL");
    } catch (thrown) {
      if (!(thrown instanceof TypeError)) throw thrown; // it has ended already
    }
    await keyboard.close().catch(() => {});
    await ended;
  };
  return {
    name: options.name,
    console: log.text,
    waitFor: log.waitFor,
    off: (timeoutMs) => within(ended, timeoutMs, `${options.name} doesn't go off`),
    type: (line) => keyboard.write(new TextEncoder().encode(`${line}\n`)),
    monitor: (line) => sayTo(socket, line),
    kill,
    [Symbol.asyncDispose]: async () => {
      await kill();
      await log.keep();
    },
  };
}

function vmArguments(options: VmOptions, socket: string, variables?: string): string[] {
  const {
    kernel,
    initramfs,
    firmware,
    stick,
    append = "",
    memory = 1024,
    forward = [],
    disks = [],
  } = options;
  const { cards = ["virtio-net-pci"], extra = [], arch = "x86_64" } = options;
  const machine = machines[arch];
  const rules = forward.map(({ host, guest }) => `,hostfwd=tcp:127.0.0.1:${host}-:${guest}`);
  return [
    ...machine.board,
    ...["-accel", "tcg,thread=multi", "-smp", "2", "-m", `${memory}`],
    ...["-display", "none", "-serial", "stdio", "-no-reboot"],
    ...["-monitor", `unix:${socket},server=on,wait=off`],
    ...kernel === undefined ? [] : ["-kernel", kernel],
    ...initramfs === undefined ? [] : ["-initrd", initramfs],
    ...kernel === undefined ? [] : ["-append", `console=${machine.console} panic=-1 ${append}`],
    ...firmware === undefined ? [] : firmwareArguments(firmware, variables),
    ...stick === undefined ? [] : [
      ...["-device", "qemu-xhci", "-drive", `id=stick,file=${stick},format=raw,if=none`],
      ...["-device", "usb-storage,drive=stick,bootindex=1"],
    ],
    ...(cards.length === 0 ? ["-nic", "none"] : []),
    ...cards.flatMap((model, i) => [
      ...["-netdev", `user,id=n${i}${i === 0 ? rules.join("") : ""}`],
      ...["-device", `${model},netdev=n${i}${model.includes("pci") ? ",romfile=" : ""}`],
    ]),
    ...disks.flatMap((file) => ["-drive", `file=${file},format=raw,if=virtio`]),
    ...extra,
  ];
}

function firmwareArguments({ code, secure }: Firmware, variables?: string): string[] {
  if (variables === undefined) return ["-bios", code];
  return [
    ...(secure ? ["-machine", "q35,smm=on"] : ["-machine", "q35"]),
    ...(secure ? ["-global", "driver=cfi.pflash01,property=secure,value=on"] : []),
    ...["-drive", `if=pflash,format=raw,readonly=on,file=${code}`],
    ...["-drive", `if=pflash,format=raw,file=${variables}`],
  ];
}

/** The console as it comes, with a time line of what init and tests say. */
function openLog(name: string, started: number) {
  let text = "";
  let seen = 0;
  let closed = false;
  const listeners = new Set<() => void>();
  const tell = () => [...listeners].forEach((listener) => listener());
  const stamp = () => `${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s`;
  return {
    text: () => text,
    async follow(stream: ReadableStream<Uint8Array>): Promise<void> {
      const decoder = new TextDecoder();
      for await (const part of stream) {
        const from = text.lastIndexOf("\n") + 1;
        text += decoder.decode(part, { stream: true }).replaceAll("\r", "");
        const lines = text.slice(from).split("\n").slice(0, -1);
        for (const line of lines.filter((one) => /^(phase|plasmd|error|warning)\b/.test(one))) {
          console.log(`${stamp()}  ${name}: ${line}`);
        }
        tell();
      }
    },
    end() {
      closed = true;
      tell();
    },
    async waitFor(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
      const found = Promise.withResolvers<RegExpExecArray>();
      const look = () => {
        const match = pattern.exec(text.slice(seen));
        if (match !== null) {
          seen += match.index + match[0].length;
          found.resolve(match);
        } else if (closed) {
          found.reject(new Error(`${name} went off before it printed ${pattern}:\n${tail(text)}`));
        }
      };
      listeners.add(look);
      try {
        look();
        return await within(
          found.promise,
          timeoutMs,
          `${name} doesn't print ${pattern}`,
          () => text,
        );
      } finally {
        listeners.delete(look);
      }
    },
    /** The whole console, for whoever has to find out what went wrong. */
    async keep(): Promise<void> {
      const directory = `${projectRoot}.cache/vm`;
      await Deno.mkdir(directory, { recursive: true });
      await Deno.writeTextFile(`${directory}/${name.replaceAll(/[^\w-]+/g, "-")}.log`, text);
    },
  };
}

function tail(text: string): string {
  return text.split("\n").slice(-40).join("\n");
}

async function within<T>(
  promise: Promise<T>,
  timeoutMs: number,
  what: string,
  text: () => string = () => "",
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`${what} within ${timeoutMs / 1000} s:\n${tail(text())}`)),
    timeoutMs,
  );
  return await Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

async function sayTo(socket: string, line: string): Promise<void> {
  using connection = await connectTo(socket);
  const bytes = new Uint8Array(4096);
  let answer = "";
  const prompt = async (count: number) => {
    while (answer.split("(qemu)").length <= count) {
      const length = await connection.read(bytes);
      if (length === null) throw new Error("QEMU's monitor has closed");
      answer += new TextDecoder().decode(bytes.subarray(0, length));
    }
  };
  await prompt(1);
  await connection.write(new TextEncoder().encode(`${line}\n`));
  await prompt(2);
}

/** QEMU makes its socket some time after it was started. */
async function connectTo(socket: string): Promise<Deno.UnixConn> {
  const until = performance.now() + 10_000;
  while (true) {
    try {
      return await Deno.connect({ transport: "unix", path: socket });
    } catch (thrown) {
      if (performance.now() > until) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** A port of loopback that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
