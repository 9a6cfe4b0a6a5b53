import Database from 'better-sqlite3';
import { assert } from '../../base/assert.js';
import { must } from '../../base/must.js';
import { rareTables, type SqlValue, type Statement } from '../tx.js';

const KiB = 1024;
const MiB = 1024 * KiB;

/** Longer than any checkpoint or migration of another connection of this process; nobody else opens the file. */
const busyTimeoutMs = 5000;
const cacheBytes = 32 * MiB;
/** The log file is cut back to this after a checkpoint. */
const journalBytesMax = 64 * MiB;
/** `PRAGMA synchronous`: 2 is FULL, each commit is fsynced. */
const synchronousFull = 2;

type AnyStatement = Pick<Statement<never, unknown>, 'sql'>;

interface Prepared {
  statement: Database.Statement;
  writes: boolean;
  /** It writes, and names a table that rarely changes. */
  changesRare: boolean;
}

/** One connection with its prepared statements. Nothing else opens the database file. */
export class SqliteConnection {
  readonly #database: Database.Database;
  readonly #prepared = new Map<AnyStatement, Prepared>();
  #writes = 0;
  #rareChanges = 0;

  private constructor(database: Database.Database) {
    this.#database = database;
  }

  /** The one that writes. Creates the file. */
  static openWriter(path: string): SqliteConnection {
    const connection = new SqliteConnection(new Database(path, { timeout: busyTimeoutMs }));
    connection.#configure();
    return connection;
  }

  static openReader(path: string): SqliteConnection {
    const connection = new SqliteConnection(new Database(path, { timeout: busyTimeoutMs, fileMustExist: true }));
    connection.#configure();
    connection.pragma('query_only = ON');
    return connection;
  }

  /** A database that lives as long as this object. */
  static openInMemory(): SqliteConnection {
    const connection = new SqliteConnection(new Database(':memory:'));
    connection.pragma('foreign_keys = ON');
    return connection;
  }

  #configure(): void {
    this.pragma('journal_mode = WAL');
    this.pragma('synchronous = FULL');
    this.pragma('foreign_keys = ON');
    this.pragma('cell_size_check = ON');
    this.pragma('mmap_size = 0'); // an error on a mapped page kills the process instead of failing a statement
    this.pragma(`cache_size = ${-cacheBytes / KiB}`);
    this.pragma('temp_store = MEMORY'); // savepoints copy pages into a temporary file otherwise
    this.pragma('wal_autocheckpoint = 0'); // see Checkpoints
    this.pragma(`journal_size_limit = ${journalBytesMax}`);
    // The library's own default for WAL is NORMAL, which loses commits at a power cut, and it takes effect only with
    // the first statement: the setting is believed when it is read after one.
    this.#database.prepare('SELECT count(*) FROM sqlite_schema').get();
    assert(this.pragma('synchronous') === synchronousFull, 'SQLite fsyncs each commit');
    assert(this.pragma('journal_mode') === 'wal', 'SQLite keeps a write-ahead log');
  }

  /** The value of a pragma after setting it, where it answers with one. */
  pragma(text: string): unknown {
    return this.#database.pragma(text, { simple: true });
  }

  /** Runs SQL that has no arguments and no answer. */
  execute(sql: string): void {
    this.#database.exec(sql);
  }

  /** SQLite may have ended one by itself, after an error. */
  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  /** How many statements that may change rows were run. */
  get writes(): number {
    return this.#writes;
  }

  /** How many of them may have changed a table that rarely changes. */
  get rareChanges(): number {
    return this.#rareChanges;
  }

  get(statement: AnyStatement, args: readonly SqlValue[]): unknown {
    return this.#prepare(statement).get(...args);
  }

  all(statement: AnyStatement, args: readonly SqlValue[]): unknown[] {
    return this.#prepare(statement).all(...args);
  }

  run(statement: AnyStatement, args: readonly SqlValue[]): number {
    return this.#prepare(statement).run(...args).changes;
  }

  close(): void {
    this.#database.close();
  }

  #prepare(statement: AnyStatement): Database.Statement {
    let prepared = this.#prepared.get(statement);
    if (prepared === undefined) {
      const made = this.#database.prepare(statement.sql);
      const writes = !made.readonly;
      prepared = { statement: made, writes, changesRare: writes && rareTables.test(statement.sql) };
      this.#prepared.set(statement, prepared);
    }
    if (prepared.writes) this.#writes += 1;
    if (prepared.changesRare) this.#rareChanges += 1;
    return prepared.statement;
  }
}

/**
 * Whether the disk had no room for a statement or a commit: nothing is broken and nothing was kept. A sync that finds no
 * room is another error, and a fault.
 */
export function isFull(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code === 'SQLITE_FULL';
}

export function isSqliteError(error: unknown): boolean {
  return error instanceof Database.SqliteError;
}

/** Whether only the statement is at fault. Any other error of SQLite but `isFull` means the file or the disk, and nothing is retried. */
export function isStatementFault(error: unknown): boolean {
  if (!(error instanceof Database.SqliteError)) return true;
  const code = must(error.code, 'the code of an SQLite error');
  return code.startsWith('SQLITE_CONSTRAINT') || ['SQLITE_ERROR', 'SQLITE_MISMATCH', 'SQLITE_RANGE', 'SQLITE_TOOBIG'].includes(code);
}
