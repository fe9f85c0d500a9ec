import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { openDatabase } from "../../../src/jobs/service/database.ts";
import { tempDirectory } from "../../support/temp.ts";

Deno.test("the database is for its owner's eyes, in WAL mode, with a version", async () => {
  await using directory = await tempDirectory();
  using database = await openDatabase(directory.join("jobs.sqlite"));
  database.run("INSERT INTO blobs VALUES ('s', 'd', 1, 2)");
  assert.equal(database.first("PRAGMA journal_mode")!.journal_mode, "wal");
  assert.equal(database.first("PRAGMA user_version")!.user_version, 1);
  for await (const { name } of Deno.readDir(directory.path)) {
    const { mode } = await fs.stat(directory.join(name));
    assert.equal(mode & 0o777, 0o600, name);
  }
});

Deno.test("what was written is there after it was opened again", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("jobs.sqlite");
  {
    using database = await openDatabase(path);
    assert.equal(database.run("INSERT INTO blobs VALUES ('s', 'd', 1, 2)"), 1);
  }
  using again = await openDatabase(path);
  assert.deepEqual({ ...again.first("SELECT * FROM blobs") }, {
    submitter: "s",
    digest: "d",
    size: 1,
    used_at: 2,
  });
  assert.equal(again.all("SELECT * FROM blobs WHERE size = :size", { size: 2 }).length, 0);
});

Deno.test("a database of a later version is refused and left alone", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("jobs.sqlite");
  {
    using database = await openDatabase(path);
    database.run("PRAGMA user_version = 2");
    database.run("CREATE TABLE later (what TEXT)");
  }
  await assert.rejects(openDatabase(path), {
    code: "unsupported",
    message: /a later plasmd made it \(schema 2, this one knows 1\)/,
    hint: /run that version/,
  });
  await assert.rejects(openDatabase(path), { code: "unsupported" });
});

Deno.test("a transaction that fails leaves nothing behind", async () => {
  await using directory = await tempDirectory();
  using database = await openDatabase(directory.join("jobs.sqlite"));
  assert.throws(() =>
    database.transaction(() => {
      database.run("INSERT INTO blobs VALUES ('s', 'd', 1, 2)");
      throw new Error("in the middle");
    }), /in the middle/);
  assert.equal(database.all("SELECT * FROM blobs").length, 0);
  assert.equal(database.transaction(() => 7), 7);
});

Deno.test("what is no database is refused with its name", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("jobs.sqlite");
  await Deno.writeTextFile(path, "not a database, by any means, and long enough to be looked at\n");
  await assert.rejects(openDatabase(path), { code: "io", message: /jobs\.sqlite/ });
});

Deno.test("a full disk is told from other failures", async () => {
  await using directory = await tempDirectory();
  using database = await openDatabase(directory.join("jobs.sqlite"));
  const { page_count: pages } = database.first("PRAGMA page_count")!;
  database.first(`PRAGMA max_page_count = ${pages}`);
  const fill = () => {
    for (let i = 0; i < 100; i++) {
      database.run("INSERT INTO blobs VALUES ('s', :digest, 1, 2)", { digest: `${i}`.repeat(500) });
    }
  };
  assert.throws(fill, { code: "no_space", message: /disk is full/ });
  assert.throws(() => database.run("SELECT nothing FROM nowhere"), { code: "io" });
  const kept = database.all("SELECT * FROM blobs").length;
  assert.ok(kept > 0 && kept < 100, "what fitted is there");
});
