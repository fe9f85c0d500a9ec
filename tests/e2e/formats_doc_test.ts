import assert from "node:assert/strict";
import { manifestId, parseManifest } from "../../src/formats/manifest.ts";
import { openJobSpec } from "../../src/formats/job_spec.ts";
import { sealReceipt } from "../../src/formats/receipt.ts";
import { formatTime } from "../../src/formats/time.ts";
import { receiptFields, signedJob, testWorker } from "../support/jobs.ts";
import { signedManifest, testIdentity } from "../support/manifests.ts";
import { tempDirectory } from "../support/temp.ts";
import { needing } from "../support/tools.ts";
import { projectRoot } from "../support/vectors.ts";

const [one, two] = [testIdentity(1), testIdentity(2)];

/** The shell lines that docs/formats.md shows for checking a signature. */
async function shownLines(): Promise<string> {
  const page = await Deno.readTextFile(`${projectRoot}docs/formats.md`);
  const section = page.split("## Check a signature without plasmd")[1] ?? "";
  const block = /```sh\n([^]*?)```/.exec(section)?.[1];
  assert.ok(block !== undefined && block.includes("openssl pkeyutl -verify -rawin"));
  return block;
}

/** Runs them on a manifest, in a directory of their own. */
async function runShown(manifest: Uint8Array, keyid: string) {
  await using directory = await tempDirectory();
  const file = directory.join("manifest.json");
  await Deno.writeFile(file, manifest);
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", await shownLines()],
    cwd: directory.path,
    env: { FILE: file, KEYID: keyid },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

function freshManifest(): Uint8Array {
  const now = Date.now();
  return signedManifest({
    created_at: formatTime(now),
    expires_at: formatTime(now + 86_400_000),
    sequence: Math.floor(now / 1000),
  }, [one, two]);
}

const tools = ["jq", "openssl", "basenc"];

Deno.test(
  "the signature checks with jq and openssl, as docs/formats.md shows it",
  needing({ tools }, async () => {
    const manifest = freshManifest();
    for (const { keyid } of [one, two]) {
      const { code, out, err } = await runShown(manifest, keyid);
      assert.equal(err, "");
      assert.equal(code, 0);
      assert.match(out, /Signature Verified Successfully/);
      const id = manifestId(parseManifest(manifest)).replace("sha256:", "");
      assert.match(out, new RegExp(`= ${id}\n$`));
    }
  }),
);

Deno.test(
  "what docs/formats.md shows refuses a changed manifest and another key",
  needing({ tools }, async () => {
    const text = new TextDecoder().decode(freshManifest());
    const changed = new TextEncoder().encode(text.replace("console=ttyS0", "console=ttyS1"));
    for (
      const [manifest, keyid] of [
        [changed, one.keyid],
        [freshManifest(), testIdentity(3).keyid],
      ] as const
    ) {
      const { code, out } = await runShown(manifest, keyid);
      assert.notEqual(code, 0);
      assert.doesNotMatch(out, /Verified Successfully/);
    }
  }),
);

/** The ten lines for a receipt. */
async function receiptLines(): Promise<string> {
  const page = await Deno.readTextFile(`${projectRoot}docs/formats.md`);
  const section = page.split("### Check a receipt without plasmd")[1] ?? "";
  const block = /```sh\n([^]*?)```/.exec(section)?.[1];
  assert.ok(block !== undefined);
  assert.equal(block.trim().split("\n").length, 10, "ten lines are promised");
  return block;
}

/** Runs them on a receipt for a job with that output. */
async function checkReceipt(files: {
  readonly spec: Uint8Array;
  readonly receipt: Uint8Array;
  readonly stdout: string;
  readonly worker?: string;
}) {
  await using directory = await tempDirectory();
  await Deno.writeFile(directory.join("job.json"), files.spec);
  await Deno.writeFile(directory.join("receipt.json"), files.receipt);
  await Deno.writeTextFile(directory.join("out"), files.stdout);
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", await receiptLines()],
    cwd: directory.path,
    env: {
      RECEIPT: "receipt.json",
      SPEC: "job.json",
      STDOUT: "out",
      WORKER: files.worker ?? testWorker.keyid,
    },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

const spec = signedJob({ args: ["--name", 'quoted "text" \\ / <&> \t\n'] });
const { id } = openJobSpec(spec);
const receiptFor = (changes = {}) =>
  sealReceipt(receiptFields({ job_id: id, ...changes }), testWorker);

Deno.test(
  "a receipt checks with ten lines of jq and openssl, as docs/formats.md shows them",
  needing({ tools }, async () => {
    const { code, out, err } = await checkReceipt({
      spec,
      receipt: receiptFor(),
      stdout: "hello\n",
    });
    assert.equal(err, "");
    assert.equal(code, 0);
    assert.equal(out, "Signature Verified Successfully\nexit, exit code 3\n");
  }),
);

Deno.test(
  "the ten lines refuse an altered receipt, another worker, job or output",
  needing({ tools }, async () => {
    const receipt = receiptFor();
    const text = new TextDecoder().decode(receipt);
    const altered = new TextEncoder().encode(text.replace('"exit_code":3', '"exit_code":0'));
    const liar = testIdentity(3);
    const good = { spec, receipt, stdout: "hello\n" };
    const wrong = [
      { ...good, receipt: altered },
      { ...good, worker: liar.keyid },
      { ...good, receipt: sealReceipt(receiptFields({ job_id: id, worker: liar.keyid }), liar) },
      { ...good, receipt: receiptFor({ job_id: `sha256:${"ab".repeat(32)}` }) },
      { ...good, spec: signedJob({ args: ["another"] }) },
      { ...good, stdout: "hello" },
    ];
    for (const [i, files] of wrong.entries()) {
      const { code, out } = await checkReceipt(files);
      assert.notEqual(code, 0, `${i}: ${out}`);
      assert.doesNotMatch(out, /exit code/);
    }
  }),
);
