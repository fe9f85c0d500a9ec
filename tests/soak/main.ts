/**
 * `deno task soak [--minutes N]`: a provider whose files are swapped, whose clients leave in the
 * middle, and that others fetch from and check, all at once; its memory and descriptors are drawn.
 * Ends with 0 where both stay flat and no wrong byte was served.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { connectAndSend, requestText } from "../support/http.ts";
import { processFigures } from "../support/process_figures.ts";
import { startProvider } from "../support/provider.ts";
import { tempDirectory } from "../support/temp.ts";
import { chart, isFlat } from "./chart.ts";

const MiB = 1024 * 1024;
/** Bytes by which memory may differ between two thirds, and descriptors. */
const slack = { resident: 32 * MiB, descriptors: 16 };

/** What went on, and what went wrong. */
interface Tally {
  swaps: number;
  aborts: number;
  fetches: number;
  /** Answers that were cut or refused because a file was swapped: right, but no download. */
  interrupted: number;
  wrong: string[];
}

async function main(args: readonly string[]): Promise<number> {
  const at = args.indexOf("--minutes");
  const minutes = at === -1 ? 10 : Number(args[at + 1]);
  if (!(minutes > 0 && minutes <= 24 * 60)) {
    console.error("error: --minutes takes a number above 0, 1440 at most");
    return 2;
  }
  await using home = await tempDirectory();
  const image = `${home.path}/image`;
  await Deno.mkdir(image);
  await writeImage(image, 0);
  await using provider = await startProvider(image, home.path);
  const tally: Tally = { swaps: 0, aborts: 0, fetches: 0, interrupted: 0, wrong: [] };
  const until = performance.now() + minutes * 60_000;
  const goOn = () => performance.now() < until;
  const samples: { resident: number; descriptors: number }[] = [];
  const every = Math.max(250, minutes * 60_000 / 720);
  await Promise.all([
    repeat(goOn, 3000, () => swap(image, tally)),
    repeat(goOn, 20, () => abort(provider.port, tally)),
    repeat(goOn, 50, () => fetchAndCheck(provider.origin, tally)),
    repeat(goOn, 50, () => fetchAndCheck(provider.origin, tally)),
    repeat(goOn, every, () => Promise.resolve(samples.push(processFigures(provider.process.pid)))),
  ]);
  return report(tally, samples);
}

/** Again and again with a pause, until it is over. */
async function repeat(goOn: () => boolean, pause: number, run: () => Promise<unknown>) {
  while (goOn()) {
    await run();
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** New files take the place of old ones, each by a rename. */
async function writeImage(directory: string, version: number): Promise<void> {
  for (const [name, size] of [["vmlinuz", MiB], ["rootfs.squashfs", 8 * MiB]] as const) {
    const bytes = new Uint8Array(size).map((_, i) => (i * (2 * version + 3)) ^ (i >> 8));
    await Deno.writeFile(`${directory}/.${name}.new`, bytes);
    await Deno.rename(`${directory}/.${name}.new`, `${directory}/${name}`);
  }
}

async function swap(image: string, tally: Tally): Promise<void> {
  await writeImage(image, ++tally.swaps);
}

async function abort(port: number, tally: Tally): Promise<void> {
  using connection = await connectAndSend(port, requestText("/rootfs"));
  if (tally.aborts++ % 2 === 0) await connection.read(new Uint8Array(5000)).catch(() => 0);
}

/** The whole rootfs must have the digest that the provider named with it. */
async function fetchAndCheck(origin: string, tally: Tally): Promise<void> {
  let response: Response;
  let body: Uint8Array;
  try {
    response = await fetch(`${origin}/rootfs`);
    body = await response.bytes();
  } catch {
    tally.interrupted++;
    return;
  }
  if (response.status !== 200) {
    tally.interrupted++;
    return;
  }
  const wanted = response.headers.get("x-content-sha256");
  const got = createHash("sha256").update(body).digest("hex");
  if (got !== wanted) tally.wrong.push(`${wanted} was promised and ${got} came`);
  tally.fetches++;
}

function report(tally: Tally, samples: readonly { resident: number; descriptors: number }[]) {
  const resident = samples.map((sample) => sample.resident / MiB);
  const descriptors = samples.map((sample) => sample.descriptors);
  console.log(chart("Memory, MiB", resident));
  console.log(chart("Descriptors", descriptors));
  const { swaps, aborts, fetches, interrupted, wrong } = tally;
  console.log(
    `${swaps} swaps, ${aborts} aborts, ${fetches} fetches, ${interrupted} interrupted, ` +
      `${wrong.length} with wrong bytes`,
  );
  const faults = [
    ...wrong,
    ...(fetches === 0 ? ["nothing was fetched whole"] : []),
    // A rename leaves running downloads alone; at a swap one or two may meet the moment between.
    ...(interrupted > 2 * swaps ? [`${interrupted} downloads were cut in ${swaps} swaps`] : []),
    ...(isFlat(resident, slack.resident / MiB) ? [] : ["memory grows"]),
    ...(isFlat(descriptors, slack.descriptors) ? [] : ["descriptors grow"]),
  ];
  for (const fault of faults) console.error(`error: ${fault}`);
  console.log(faults.length === 0 ? "soak: flat" : "soak: not flat");
  return faults.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
