/**
 * The checks of `plasmd doctor` on this machine: what each looks at.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { networkInterfaces } from "node:os";
import process from "node:process";
import { readImageFacts } from "../../boot/image_facts.ts";
import { openKexec } from "../../boot/kexec.ts";
import { readMachineLayout } from "../../boot/kexec_load/loader.ts";
import { readKexecState } from "../../boot/kexec_refusal.ts";
import { openLibc } from "../../boot/libc.ts";
import { loadConfig } from "../../config/load.ts";
import { type Config, resolveConfig } from "../../config/resolve.ts";
import { openDht } from "../../discovery/dht.ts";
import { lanesOf, linksOf } from "../../discovery/mdns/links.ts";
import { machineArch } from "../../formats/names.ts";
import { readIdentity } from "../../identity/key_file.ts";
import { identityPlace } from "../../identity/place.ts";
import { runJob } from "../../jobs/broker.ts";
import type { JobOutcome } from "../../jobs/job.ts";
import type { Deps } from "../../lib/deps.ts";
import { toPlasmdError } from "../../lib/errors.ts";
import { doctorLimits } from "../../lib/limits.ts";
import { stateDirectory } from "../../lib/state_dir.ts";
import type { BootstrapStatus } from "../../p2p/options.ts";
import { loadPolicy } from "../../trust/load_policy.ts";
import { policyPlaces } from "../../trust/policy_file.ts";
import { connectionRoom } from "../descriptors.ts";
import { jobProcess } from "../job_process.ts";
import { fetchStatus } from "../provider_client.ts";
import { readPsk } from "../psk.ts";
import { checkBootstrap, untilTried } from "./bootstrap.ts";
import { checkClock } from "./clock.ts";
import { checkArtifacts, checkDisk, freeBytes } from "./disk.ts";
import type { DoctorCheck } from "./doctor.ts";
import { checkFile, checkIdentity, checkStateDir, isMissing } from "./files.ts";
import { ok } from "./finding.ts";
import { checkDescriptors, checkJobs, checkKexec, smallestModule } from "./machine.ts";
import { checkMulticast, hearOurselves, probeQuestion } from "./multicast.ts";
import { checkPort } from "./port.ts";

/** What `serve` would be started with. */
export interface DoctorOptions {
  readonly config?: string;
  /** Settings by the name of their flag, undefined where it wasn't given. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: (name: string) => string | undefined;
  readonly signal: AbortSignal;
}

/** The checks in the order in which they are printed. */
export async function machineChecks(options: DoctorOptions, deps: Deps): Promise<DoctorCheck[]> {
  const { env } = options;
  const { config, problem } = await readConfig(options);
  const value = <T>(key: string) => config.values[key] as T;
  const key = identityPlace({ env, euid: process.geteuid?.(), os: Deno.build.os });
  const signingKey = value<string | undefined>("provider.signing_key");
  const artifacts = value<string | undefined>("provider.artifacts_dir");
  const state = () => stateDirectory(value("provider.state_dir"));
  return [
    { name: "port", run: () => portCheck(config, key, options, deps) },
    { name: "multicast", run: () => multicastCheck(config, deps) },
    { name: "clock", run: () => clockCheck(env("PLASMD_EXE"), deps) },
    {
      name: "key",
      run: () =>
        checkIdentity({
          file: key,
          exists: () => exists(key),
          read: async () => (await readIdentity(key)).keyid,
        }),
    },
    ...(signingKey === undefined ? [] : [{
      name: "signing key",
      run: () => checkFile({ file: signingKey, missing: "", read: () => readIdentity(signingKey) }),
    }]),
    { name: "state", run: () => checkStateDir(state()) },
    {
      name: "provider.toml",
      run: () =>
        checkFile({
          file: problem === undefined ? config.file : options.config ?? "provider.toml",
          missing: "none: defaults, variables and flags are used",
          read: () => problem === undefined ? Promise.resolve() : Promise.reject(problem),
        }),
    },
    ...policyPlaces(env).map((file) => ({ name: "trust.toml", run: () => policyCheck(file) })),
    { name: "kexec", run: () => kexecCheck(deps) },
    {
      name: "disk of state",
      run: () => checkDisk({ directory: state(), free: () => freeBytes(state()) }),
    },
    { name: "disk of artifacts", run: () => checkArtifacts(artifacts, freeBytes) },
    { name: "descriptors", run: () => descriptorCheck(config) },
    { name: "bootstrap", run: () => bootstrapCheck(config, options, deps) },
    {
      name: "jobs",
      run: () =>
        checkJobs({ enabled: value("jobs.enabled"), run: () => smallestJob(options, deps) }),
    },
  ];
}

/** A configuration that can't be used is one finding; the rest is checked with the defaults. */
async function readConfig(
  { config, flags, env }: DoctorOptions,
): Promise<{ config: Config; problem?: unknown }> {
  try {
    return { config: await loadConfig({ config, flags, env }) };
  } catch (problem) {
    return { config: resolveConfig({ flags }), problem };
  }
}

async function exists(path: string): Promise<boolean> {
  return await fs.lstat(path).then(() => true, (thrown) => {
    if (isMissing(thrown)) return false;
    throw toPlasmdError(thrown, `Cannot read key file "${path}"`);
  });
}

async function portCheck(
  { values }: Config,
  key: string,
  { signal }: DoctorOptions,
  deps: Deps,
) {
  const host = values["provider.host"] as string;
  const port = values["provider.port"] as number;
  const asked = host === "::" || host === "0.0.0.0" ? "127.0.0.1" : host;
  const address = `${asked.includes(":") ? `[${asked}]` : asked}:${port}`;
  return await checkPort({
    host,
    port,
    keyid: await readIdentity(key).then(({ keyid }) => keyid, () => undefined),
    listen: () => Deno.listen({ hostname: host, port }).close(),
    ask: async () => {
      const query = { address, timeoutMs: doctorLimits.answerMs, signal };
      return (await fetchStatus(query, deps)).provider.keyid;
    },
  });
}

async function multicastCheck({ values }: Config, { random }: Deps) {
  if (values["provider.advertisement.mdns"] === false) return ok("multicast DNS is switched off");
  const host = values["provider.host"] as string;
  const lanes = lanesOf(linksOf(networkInterfaces(), { host, loopback: false }));
  return await checkMulticast({
    lanes,
    hear: (lane) => hearOurselves(lane, probeQuestion(random.bytes(8))),
  });
}

async function clockCheck(exe: string | undefined, { clock }: Deps) {
  const installed = exe === undefined
    ? undefined
    : await fs.stat(exe).then(({ mtimeMs }) => mtimeMs, () => undefined);
  const { buildTime } = await readImageFacts();
  return checkClock({
    now: clock.now(),
    past: [
      ...(installed === undefined ? [] : [{ what: `"${exe}" was written`, at: installed }]),
      ...(buildTime === undefined ? [] : [{ what: "this image was built", at: buildTime }]),
    ],
  });
}

async function policyCheck(file: string) {
  const there = await fs.stat(file).then(() => true, (thrown) => !isMissing(thrown));
  return await checkFile({
    file: there ? file : undefined,
    missing: `no "${file}": clients say whom to trust with --trust`,
    read: () => loadPolicy({ userPolicy: [file] }),
  });
}

async function kexecCheck({ random }: Deps) {
  return await checkKexec({
    os: Deno.build.os,
    obstacle: async () => {
      const [state, layout] = await Promise.all([readKexecState(), readMachineLayout()]);
      using libc = openLibc();
      return openKexec(libc, machineArch(), { state, layout, random: random.bytes }).obstacle();
    },
  });
}

async function descriptorCheck({ values }: Config) {
  return checkDescriptors({
    wanted: values["provider.limits.connections"] as number,
    room: await connectionRoom({ p2p: values["provider.advertisement.dht"] as boolean }),
  });
}

async function bootstrapCheck({ values }: Config, { signal }: DoctorOptions, deps: Deps) {
  const bootstrap = values["network.bootstrap"] as readonly string[];
  return await checkBootstrap({
    enabled: values["provider.advertisement.dht"] as boolean,
    bootstrap,
    join: async (): Promise<readonly BootstrapStatus[]> => {
      const file = values["network.psk_file"] as string | undefined;
      const psk = file === undefined ? undefined : await readPsk(file);
      await using node = await openDht({ bootstrap, psk }, deps);
      return await untilTried(node, { clock: deps.clock, signal });
    },
  });
}

async function smallestJob({ signal }: DoctorOptions, deps: Deps): Promise<JobOutcome> {
  return await runJob(
    {
      module: smallestModule,
      args: ["doctor"],
      env: [],
      stdin: new Uint8Array(),
      files: new Map(),
      limits: {
        wallMs: doctorLimits.jobMs,
        memoryBytes: doctorLimits.jobMemoryBytes,
        outputBytes: 0,
      },
      deterministic: true,
    },
    { ...jobProcess(), write: () => Promise.resolve(), signal },
    deps,
  );
}
