import assert from "node:assert/strict";
import { openJobCancel, sealJobCancel } from "../../src/formats/job_cancel.ts";
import { openJobSpec } from "../../src/formats/job_spec.ts";
import { canonicalBytes } from "../../src/formats/json.ts";
import { completions, openReceipt, sealReceipt } from "../../src/formats/receipt.ts";
import { sign } from "../../src/formats/signed.ts";
import { ended } from "../../src/jobs/job.ts";
import { receiptFields, signedJob, testSubmitter, testWorker } from "../support/jobs.ts";
import { projectRoot } from "../support/program.ts";

const page = await Deno.readTextFile(`${projectRoot}docs/formats.md`);
const utf8 = new TextEncoder();
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** The section's code blocks of a language. */
function blocks(heading: string, language: string): string[] {
  const section = page.split(`\n### ${heading}\n`)[1]!.split(/\n#{2,3} /)[0]!;
  const pattern = new RegExp(`\`\`\`${language}\\n([^]*?)\\n\`\`\``, "g");
  return [...section.matchAll(pattern)].map(([, text]) => text!);
}

/** The members that a section's table names, those of nested objects aside. */
function tableMembers(heading: string): string[] {
  const section = page.split(`\n### ${heading}\n`)[1]!.split(/\n#{2,3} /)[0]!;
  const cells = [...section.matchAll(/^\| (`[^|]+?) +\|/gm)].map(([, cell]) => cell!);
  const names = cells.flatMap((cell) =>
    [...cell.matchAll(/`([a-z_.]+)`/g)].map(([, name]) => name!)
  );
  return [...new Set(names.map((name) => name.split(".")[0]!))].sort();
}

const [keys, job, id, cancel, receipt] = blocks("Test vectors", "text");

Deno.test("the vectors of docs/formats.md are what this program signs", () => {
  assert.deepEqual(keys!.split("\n"), [testSubmitter.keyid, testWorker.keyid]);
  assert.equal(decode(signedJob()), job);
  assert.equal(openJobSpec(utf8.encode(job)).id, id);
  assert.equal(decode(sealJobCancel(id!, testSubmitter)), cancel);
  assert.equal(decode(sealReceipt(receiptFields({ job_id: id }), testWorker)), receipt);
});

Deno.test("the vectors open, and belong together", () => {
  const { spec } = openJobSpec(utf8.encode(job));
  const opened = openReceipt(utf8.encode(receipt), { worker: spec.worker });
  assert.deepEqual([opened.job_id, opened.module, opened.submitter], [
    id,
    spec.module,
    spec.submitter,
  ]);
  assert.equal(openJobCancel(utf8.encode(cancel)).job_id, id);
});

Deno.test("the tables name every member, and no other", () => {
  const members = (text: string) =>
    Object.keys(JSON.parse(text)).filter((name) => name !== "signatures").sort();
  assert.deepEqual(tableMembers("The job"), members(job!));
  assert.deepEqual(tableMembers("The cancel"), members(cancel!));
  assert.deepEqual(tableMembers("The receipt"), members(receipt!));
});

Deno.test("the examples have the shape of real documents", () => {
  const hex = "ab".repeat(32);
  const real = (text: string) =>
    JSON.parse(
      text.replace(/"ed25519:<[^"]*"/g, `"${testSubmitter.keyid}"`).replace(/<64 hex digits>/g, hex)
        .replace("<base64 of 16 random bytes>", "AAAAAAAAAAAAAAAAAAAAAA=="),
    );
  const spec = { ...real(blocks("The job", "json")[0]!), signatures: [] };
  openJobSpec(sign("phase-job:v1:", spec, [testSubmitter]));
  const example = { ...real(blocks("The receipt", "json")[0]!), signatures: [] };
  const bytes = sign("phase-receipt:v1:", { ...example, worker: testWorker.keyid }, [testWorker]);
  assert.equal(openReceipt(bytes, { worker: testWorker.keyid }).exit_code, 0);
  assert.ok(canonicalBytes(example).length < 8192);
});

Deno.test("the exit codes of completions are those of the page", () => {
  const codes = /own, or ([\d, ]+) for the other completions/.exec(page)![1]!.split(", ");
  const [, ...others] = completions;
  assert.deepEqual(codes.map(Number), others.map((one) => ended(one).exitCode));
});
