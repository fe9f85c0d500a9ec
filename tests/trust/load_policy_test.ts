import assert from "node:assert/strict";
import { loadPolicy, noPolicyError, type PolicySources } from "../../src/trust/load_policy.ts";
import { testIdentity } from "../support/manifests.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";

const [one, two, three] = [1, 2, 3].map((number) => testIdentity(number).keyid) as [
  string,
  string,
  string,
];

async function policyFile(directory: TempDirectory, name: string, ...publishers: string[]) {
  const text = publishers.map((publisher) => `[[publisher]]\n${publisher}\n`).join("");
  await Deno.writeTextFile(directory.join(name), `trust_version = 1\n${text}`);
  return directory.join(name);
}

const keysOf = (...keys: string[]) => `keys = [${keys.map((key) => `"${key}"`).join(", ")}]`;

async function refused(sources: PolicySources, message: RegExp) {
  await assert.rejects(loadPolicy(sources), { code: "policy", message });
}

Deno.test("where nothing says whom to trust there is no policy", async () => {
  await using directory = await tempDirectory();
  const missing = directory.join("none.toml");
  assert.equal(await loadPolicy({}), undefined);
  assert.equal(
    await loadPolicy({ imagePolicy: missing, userPolicy: [missing], trust: [] }),
    undefined,
  );
});

Deno.test("each source can decide", async () => {
  await using directory = await tempDirectory();
  const file = await policyFile(directory, "a.toml", keysOf(one));
  for (
    const sources of [
      { imagePolicy: file },
      { userPolicy: [file] },
      { trust: [one] },
      { kernelCmdline: { trust: [one] } },
    ]
  ) {
    const policy = await loadPolicy(sources);
    assert.deepEqual(policy?.publishers.map(({ keys }) => keys), [[one]]);
  }
});

Deno.test("a later source can name fewer keys", async () => {
  await using directory = await tempDirectory();
  const image = await policyFile(directory, "image.toml", keysOf(one, two, three));
  const user = await policyFile(directory, "user.toml", keysOf(one, two));
  const sources = { imagePolicy: image, userPolicy: [user], kernelCmdline: { trust: [two] } };
  const policy = await loadPolicy(sources);
  assert.deepEqual(policy?.publishers.map(({ keys }) => keys), [[two]]);
  assert.match(policy!.source, /image\.toml", narrowed by ".*user\.toml", narrowed by the kernel/);
});

Deno.test("a later source can ask for a higher threshold, alone or with keys", async () => {
  await using directory = await tempDirectory();
  const file = await policyFile(directory, "a.toml", keysOf(one, two, three));
  const alone = await loadPolicy({ userPolicy: [file], threshold: 2 });
  assert.deepEqual(alone?.publishers.map(({ keys, threshold }) => [keys.length, threshold]), [[
    3,
    2,
  ]]);
  const both = await loadPolicy({ userPolicy: [file], trust: [one, two], threshold: 2 });
  assert.deepEqual(both?.publishers.map(({ keys, threshold }) => [keys.length, threshold]), [[
    2,
    2,
  ]]);
});

Deno.test("a later source that names no threshold keeps the deciding one", async () => {
  await using directory = await tempDirectory();
  const file = await policyFile(directory, "a.toml", `${keysOf(one, two, three)}\nthreshold = 2`);
  const policy = await loadPolicy({ userPolicy: [file], trust: [one, two] });
  assert.equal(policy?.publishers[0]?.threshold, 2);
  await refused({ userPolicy: [file], trust: [one] }, /threshold 2 can't be reached/);
});

Deno.test("whatever would allow more is refused", async () => {
  await using directory = await tempDirectory();
  const file = await policyFile(
    directory,
    "a.toml",
    `${
      keysOf(one, two)
    }\nthreshold = 2\nchannels = ["stable"]\nnot_before = "2026-01-01T00:00:00Z"`,
  );
  const more = /from .*: ".*a\.toml" decides, and this would allow more than it does/;
  await refused({ imagePolicy: file, trust: [three] }, more);
  await refused({ imagePolicy: file, trust: [one, two, three] }, more);
  await refused({ imagePolicy: file, trust: [one, two], threshold: 1 }, more);
  await refused({ imagePolicy: file, threshold: 1 }, more);
  await refused(
    { imagePolicy: file, kernelCmdline: { trust: [three] } },
    /from the kernel command/,
  );
  await refused({ trust: [one], kernelCmdline: { trust: [two] } }, /--trust decides/);
  for (
    const wider of [
      `${keysOf(one, two)}\nthreshold = 1`,
      `${keysOf(one, two)}\nthreshold = 2\nchannels = ["stable", "testing"]`,
      `${keysOf(one, two)}\nthreshold = 2\nnot_before = "2025-12-31T00:00:00Z"`,
      `${keysOf(one, two)}\nthreshold = 2\n[[publisher]]\n${keysOf(three)}`,
    ]
  ) {
    const user = await policyFile(directory, "user.toml", wider);
    await refused({ imagePolicy: file, userPolicy: [user] }, more);
  }
});

Deno.test("what a later source leaves out stays as it was", async () => {
  await using directory = await tempDirectory();
  const image = await policyFile(
    directory,
    "image.toml",
    `${keysOf(one)}\nchannels = ["stable"]\nnot_before = "2026-01-01T00:00:00Z"`,
    `${keysOf(two)}`,
  );
  const policy = await loadPolicy({ imagePolicy: image, trust: [one] });
  assert.deepEqual(policy?.publishers.map((publisher) => ({ ...publisher })), [
    { keys: [one], threshold: 1, channels: ["stable"], notBefore: Date.UTC(2026, 0) },
  ]);
});

Deno.test("a threshold alone is raised for every publisher, and lowered for none", async () => {
  await using directory = await tempDirectory();
  const file = await policyFile(
    directory,
    "a.toml",
    keysOf(one, two),
    `${keysOf(one, two, three)}\nthreshold = 3`,
  );
  const thresholds = async (threshold: number) =>
    (await loadPolicy({ userPolicy: [file], threshold }))?.publishers.map((entry) =>
      entry.threshold
    );
  assert.deepEqual(await thresholds(1), [1, 3]);
  assert.deepEqual(await thresholds(2), [2, 3]);
  await refused({ userPolicy: [file], threshold: 3 }, /threshold 3 can't be reached/);
});

Deno.test("pinned root keys are narrowed like other keys", async () => {
  await using directory = await tempDirectory();
  const file = await policyFile(directory, "a.toml", keysOf(one, two).replace("keys", "root"));
  const narrowed = async (sources: PolicySources) =>
    (await loadPolicy({ userPolicy: [file], ...sources }))?.publishers.map((it) => [
      it.keys,
      it.threshold,
      it.root,
    ]);
  assert.deepEqual(await narrowed({ trust: [`root:${one}`] }), [[[one], 1, true]]);
  assert.deepEqual(await narrowed({ threshold: 2 }), [[[one, two], 2, true]]);
  assert.deepEqual(
    await narrowed({ kernelCmdline: { trust: [`root:${two}`, `root:${one}`], threshold: 2 } }),
    [[[two, one], 2, true]],
  );
  await refused({ userPolicy: [file], trust: [`root:${three}`] }, /would allow more/);
});

Deno.test("a root key narrows no other key, and no other key a root key", async () => {
  await using directory = await tempDirectory();
  const root = await policyFile(directory, "root.toml", keysOf(one).replace("keys", "root"));
  const plain = await policyFile(directory, "plain.toml", keysOf(one));
  const more = /would allow more than it does/;
  await refused({ userPolicy: [root], trust: [one] }, more);
  await refused({ userPolicy: [plain], trust: [`root:${one}`] }, more);
  await refused({ userPolicy: [plain], trust: [one, `root:${one}`] }, more);
  await refused({ imagePolicy: root, userPolicy: [plain] }, more);
  await refused({ imagePolicy: plain, userPolicy: [root] }, more);
});

Deno.test("a threshold without keys is refused", async () => {
  await refused({ threshold: 1 }, /it names no keys/);
});

Deno.test("a bad key is told as such, not as one key too many", async () => {
  await using directory = await tempDirectory();
  const file = await policyFile(directory, "a.toml", keysOf(one));
  await refused({ userPolicy: [file], trust: ["xx"] }, /from --trust: "xx" is no keyid/);
});

Deno.test("a policy file that can't be read is never passed over", async () => {
  await using directory = await tempDirectory();
  await Deno.mkdir(directory.join("dir.toml"));
  const sources = { userPolicy: [directory.join("dir.toml")], trust: [one] };
  await assert.rejects(loadPolicy(sources), { name: "PlasmdError", message: /dir\.toml/ });
  await Deno.writeTextFile(directory.join("bad.toml"), "x");
  await refused({ userPolicy: [directory.join("bad.toml")], trust: [one] }, /bad\.toml": line 1/);
});

Deno.test("without a policy the error names who signed and how to pin them", () => {
  const error = noPolicyError([one]);
  assert.equal(error.code, "no_policy");
  assert.match(error.message, new RegExp(one));
  assert.match(error.hint!, new RegExp(`--trust ${one}`));
  assert.match(noPolicyError([]).message, /no valid signature/);
  assert.match(noPolicyError([one], [two]).hint!, new RegExp(`--trust root:${two}$`));
});
