/**
 * The database of jobs: SQLite in WAL mode, its schema with a version.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from "node:sqlite";
import { PlasmdError } from "../../lib/errors.ts";

/** Values of a row's columns by name. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

/** Values for the parameters of a statement, by name. */
export type Parameters = Readonly<Record<string, SQLInputValue>>;

/** A database whose statements fail with our errors. */
export interface Database extends Disposable {
  /** Runs a statement; returns how many rows it changed. */
  run(sql: string, parameters?: Parameters): number;
  /** The first row, if any. */
  first(sql: string, parameters?: Parameters): Row | undefined;
  /** All rows. */
  all(sql: string, parameters?: Parameters): Row[];
  /** All of it happens or nothing, even through `kill -9`. */
  transaction<T>(act: () => T): T;
}

/** Schema versions: each list of statements leads from the one before. Never change an old one. */
const migrations: readonly (readonly string[])[] = [[
  `CREATE TABLE jobs (
    turn INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    submitter TEXT NOT NULL,
    state TEXT NOT NULL,
    spec BLOB,
    attempts INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER NOT NULL,
    submitted_at INTEGER NOT NULL,
    started_at INTEGER,
    completed_at INTEGER,
    completion TEXT,
    exit_code INTEGER,
    stdout_size INTEGER NOT NULL DEFAULT 0,
    stderr_size INTEGER NOT NULL DEFAULT 0,
    receipt BLOB,
    problem_code TEXT,
    problem_detail TEXT
  ) STRICT`,
  "CREATE INDEX jobs_by_state ON jobs (state, submitter)",
  "CREATE INDEX jobs_by_end ON jobs (completed_at) WHERE completed_at IS NOT NULL",
  `CREATE INDEX jobs_by_expiry ON jobs (expires_at, completed_at) WHERE completed_at IS NOT NULL`,
  `CREATE INDEX jobs_by_own_expiry ON jobs (submitter, expires_at, completed_at)
    WHERE completed_at IS NOT NULL`,
  `CREATE TABLE needs (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    most INTEGER NOT NULL,
    PRIMARY KEY (job, digest)
  ) STRICT, WITHOUT ROWID`,
  "CREATE INDEX needs_by_digest ON needs (digest)",
  `CREATE TABLE blobs (
    submitter TEXT NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (submitter, digest)
  ) STRICT, WITHOUT ROWID`,
  "CREATE INDEX blobs_by_digest ON blobs (digest)",
]];

/**
 * Opens the database, making it where there is none, with mode 0600.
 *
 * @throws {PlasmdError} `unsupported` for one of a later version, `io`, `no_space`
 */
export async function openDatabase(path: string): Promise<Database> {
  // SQLite's other files take the mode of this one.
  const file = await fs.open(path, "a", 0o600);
  await file.chmod(0o600).finally(() => file.close());
  const database = wrap(path, new DatabaseSync(path));
  try {
    database.first("PRAGMA journal_mode = WAL");
    // What was answered holds even when the power fails.
    database.run("PRAGMA synchronous = FULL");
    database.run("PRAGMA foreign_keys = ON");
    migrate(path, database);
    return database;
  } catch (thrown) {
    database[Symbol.dispose]();
    throw thrown;
  }
}

function migrate(path: string, database: Database): void {
  const version = Number(database.first("PRAGMA user_version")?.user_version);
  if (version > migrations.length) {
    throw new PlasmdError(
      "unsupported",
      `Cannot use "${path}": a later plasmd made it (schema ${version}, this one knows ` +
        `${migrations.length})`,
      { hint: "run that version, or move the directory of the file away: its jobs are lost then" },
    );
  }
  for (let next = version; next < migrations.length; next++) {
    database.transaction(() => {
      for (const statement of migrations[next]!) database.run(statement);
      database.run(`PRAGMA user_version = ${next + 1}`);
    });
  }
}

function wrap(path: string, sqlite: DatabaseSync): Database {
  const prepared = new Map<string, ReturnType<DatabaseSync["prepare"]>>();
  const statement = (sql: string) => {
    const known = prepared.get(sql) ?? sqlite.prepare(sql);
    prepared.set(sql, known);
    return known;
  };
  const guard = <T>(act: () => T): T => {
    try {
      return act();
    } catch (thrown) {
      throw databaseError(path, thrown);
    }
  };
  return {
    run: (sql, parameters = {}) => guard(() => Number(statement(sql).run(parameters).changes)),
    first: (sql, parameters = {}) => guard(() => statement(sql).get(parameters)),
    all: (sql, parameters = {}) => guard(() => statement(sql).all(parameters)),
    transaction(act) {
      guard(() => sqlite.exec("BEGIN IMMEDIATE"));
      try {
        const result = act();
        guard(() => sqlite.exec("COMMIT"));
        return result;
      } catch (thrown) {
        if (sqlite.isTransaction) sqlite.exec("ROLLBACK");
        throw thrown;
      }
    },
    [Symbol.dispose]() {
      prepared.clear();
      if (sqlite.isOpen) sqlite.close();
    },
  };
}

/** SQLite says what failed in words only. */
function databaseError(path: string, thrown: unknown): unknown {
  if (!(thrown instanceof Error) || (thrown as { code?: unknown }).code !== "ERR_SQLITE_ERROR") {
    return thrown;
  }
  const code = /disk is full/.test(thrown.message) ? "no_space" : "io";
  return new PlasmdError(code, `Cannot use "${path}": ${thrown.message}`, { cause: thrown });
}
