/**
 * The command tree. Each file in commands/ is one command; its options are cheap to load, what it
 * does is imported when it runs.
 *
 * @module
 */

import {
  type Application,
  buildApplication,
  buildRouteMap,
  text_en as english,
} from "@stricli/core";
import { toPlasmdError } from "../lib/errors.ts";
import { programVersion } from "../lib/version.ts";
import { bootFetchCommand } from "./commands/boot_fetch.ts";
import { bootKexecCommand } from "./commands/boot_kexec.ts";
import { bootRefillCommand } from "./commands/boot_refill.ts";
import { bootRunCommand } from "./commands/boot_run.ts";
import { bootStatusCommand } from "./commands/boot_status.ts";
import { bootVerifyCommand } from "./commands/boot_verify.ts";
import { completionCommand } from "./commands/completion.ts";
import { configCheckCommand } from "./commands/config_check.ts";
import { configSchemaCommand } from "./commands/config_schema.ts";
import { configShowCommand } from "./commands/config_show.ts";
import { discoverCommand } from "./commands/discover.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { identityNewCommand } from "./commands/identity_new.ts";
import { identityShowCommand } from "./commands/identity_show.ts";
import { imageBuildCommand } from "./commands/image_build.ts";
import {
  jobCancelCommand,
  jobListCommand,
  jobLogsCommand,
  jobReceiptCommand,
  jobStatusCommand,
  jobWaitCommand,
} from "./commands/job_asked.ts";
import { jobRunCommand } from "./commands/job_run.ts";
import { jobSubmitCommand } from "./commands/job_submit.ts";
import { jobVerifyCommand } from "./commands/job_verify.ts";
import { jobWorkersCommand } from "./commands/job_workers.ts";
import { licensesCommand } from "./commands/licenses.ts";
import { manifestGenerateCommand } from "./commands/manifest_generate.ts";
import { manifestShowCommand } from "./commands/manifest_show.ts";
import { manifestSignCommand } from "./commands/manifest_sign.ts";
import { manifestVerifyCommand } from "./commands/manifest_verify.ts";
import { nodeCommand } from "./commands/node.ts";
import { providerListCommand } from "./commands/provider_list.ts";
import { providerStatusCommand } from "./commands/provider_status.ts";
import { selftestCommand } from "./commands/selftest.ts";
import { publisherInitCommand } from "./commands/publisher_init.ts";
import { publisherRevokeCommand } from "./commands/publisher_revoke.ts";
import { publisherRotateCommand } from "./commands/publisher_rotate.ts";
import { publisherShowCommand } from "./commands/publisher_show.ts";
import { publisherSignCommand } from "./commands/publisher_sign.ts";
import { serveCommand } from "./commands/serve.ts";
import { versionCommand } from "./commands/version.ts";
import type { Context } from "./context.ts";
import { exitCodeFor } from "./exit.ts";
import { makeUi, type Terminal } from "./ui.ts";

/** The whole command tree, its errors printed to the given terminal. */
export function buildApp(terminal: Terminal): Application<Context> {
  const root = buildRouteMap<string, Context>({
    routes: {
      serve: serveCommand,
      discover: discoverCommand,
      node: nodeCommand,
      provider: buildRouteMap<string, Context>({
        routes: { status: providerStatusCommand, list: providerListCommand },
        docs: { brief: "How a running provider is, and what it serves" },
      }),
      config: buildRouteMap<string, Context>({
        routes: { check: configCheckCommand, show: configShowCommand, schema: configSchemaCommand },
        docs: { brief: "What provider.toml, variables and flags add up to" },
      }),
      identity: buildRouteMap<string, Context>({
        routes: { show: identityShowCommand, new: identityNewCommand },
        docs: { brief: "The key that signs what this machine publishes" },
      }),
      manifest: buildRouteMap<string, Context>({
        routes: {
          generate: manifestGenerateCommand,
          sign: manifestSignCommand,
          verify: manifestVerifyCommand,
          show: manifestShowCommand,
        },
        docs: { brief: "What a boot image consists of, and who signed it" },
      }),
      publisher: buildRouteMap<string, Context>({
        routes: {
          init: publisherInitCommand,
          show: publisherShowCommand,
          rotate: publisherRotateCommand,
          revoke: publisherRevokeCommand,
          sign: publisherSignCommand,
        },
        docs: { brief: "Which keys sign manifests, and who may change that" },
      }),
      boot: buildRouteMap<string, Context>({
        routes: {
          run: bootRunCommand,
          fetch: bootFetchCommand,
          verify: bootVerifyCommand,
          kexec: bootKexecCommand,
          status: bootStatusCommand,
          refill: bootRefillCommand,
        },
        docs: { brief: "Take an image from servers that nobody has to trust" },
      }),
      image: buildRouteMap<string, Context>({
        routes: { build: imageBuildCommand },
        docs: { brief: "What a machine starts from" },
      }),
      job: buildRouteMap<string, Context>({
        routes: {
          run: jobRunCommand,
          submit: jobSubmitCommand,
          status: jobStatusCommand,
          wait: jobWaitCommand,
          logs: jobLogsCommand,
          cancel: jobCancelCommand,
          list: jobListCommand,
          receipt: jobReceiptCommand,
          verify: jobVerifyCommand,
          workers: jobWorkersCommand,
        },
        docs: { brief: "Run WebAssembly modules in a sandbox" },
      }),
      doctor: doctorCommand,
      selftest: selftestCommand,
      version: versionCommand,
      licenses: licensesCommand,
      completion: completionCommand,
    },
    docs: {
      brief: "Serve signed boot images, and fetch them from servers that nobody has to trust",
    },
  });
  return buildApplication(root, {
    name: "plasmd",
    versionInfo: { currentVersion: programVersion.version },
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { caseStyle: "convert-camel-to-kebab", disableAnsiColor: !terminal.color },
    determineExitCode: exitCodeFor,
    localization: {
      text: {
        ...english,
        exceptionWhileParsingArguments: (thrown, color) =>
          english.exceptionWhileParsingArguments.call(plainErrors, thrown, color),
        exceptionWhileRunningCommand: (thrown) => errorText(terminal, thrown),
        exceptionWhileLoadingCommandFunction: (thrown) => errorText(terminal, thrown),
        exceptionWhileLoadingCommandContext: (thrown) => errorText(terminal, thrown),
        commandErrorResult: (thrown) => errorText(terminal, thrown),
      },
    },
  });
}

const plainErrors = { formatException: (thrown: unknown) => toPlasmdError(thrown).message };

function errorText(terminal: Terminal, thrown: unknown): string {
  let text = "";
  makeUi({ ...terminal, stderr: (part) => text += part }).error(thrown);
  return text.trimEnd();
}
