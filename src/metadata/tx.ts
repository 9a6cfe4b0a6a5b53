import { assert } from '../base/assert.js';

/*
 * What a transaction knows of its driver. A transaction is a generator that does `yield*` on the methods of its `Tx`. A
 * driver that can answer at once yields nothing, and the transaction runs without a pause; another yields what it waits
 * for, and may roll back and run the transaction anew.
 */

/** What goes into a statement and comes out of a row. Integers stay within ±2^53. */
export type SqlValue = number | string | Buffer | null;

/**
 * A statement with the types of its arguments (in the order of the `?`) and of its rows. Made once per module.
 * A limit is written `LIMIT ? + 0`: SQLite looks into a bare one and prepares the statement anew for each value.
 */
export interface Statement<Args extends readonly SqlValue[], Row> {
  readonly sql: string;
  /** Only for the compiler. */
  readonly types?: (args: Args) => Row;
}

export function statement<Args extends readonly SqlValue[] = [], Row = never>(sql: string): Statement<Args, Row> {
  return { sql };
}

/** Words that a statement about one of the tables that rarely change has. */
export const rareTables = /\b(?:cluster|node|gateway)\b/;

/** A statement for the only row of such a table, or for one row by a text. A driver may keep the row until the table is written to. */
export interface KeptStatement<Args extends readonly [] | readonly [key: string], Row> extends Statement<Args, Row> {
  readonly kept: true;
}

export function keptStatement<Args extends readonly [] | readonly [key: string], Row>(sql: string): KeptStatement<Args, Row> {
  assert(rareTables.test(sql) && !sql.includes('JOIN'), 'what is kept comes from a table that rarely changes');
  return { sql, kept: true };
}

/** What `statistics` shows. Sizes are in bytes. */
export const counterNames = [
  'buckets',
  'objects',
  'objectBytes',
  'uploads',
  'chunks',
  'chunkBytes',
  'restObjects',
  'under',
  'garbage',
  'doomed',
] as const;
export type Counter = (typeof counterNames)[number];

/** What it yields is between its driver and the driver's `Tx`. */
export type Transaction<Result> = Generator<unknown, Result, unknown>;
/** The answer to a call of a transaction, behind a `yield*`. */
export type Answer<Result> = Iterable<unknown, Result, unknown>;

/** What became of a transaction: its result, or its refusal in a form that can be stored and sent. */
export type Outcome<Result = unknown> = { value: Result } | { refused: { code: string; detail: string | null } };

/** What a query may do. */
export interface ReadTx {
  /** The only row, or undefined. */
  get<Args extends readonly SqlValue[], Row>(statement: Statement<Args, Row>, args: Args): Answer<Row | undefined>;
  /** All rows; more than `rowsMax` of them is a fault of the caller. */
  all<Args extends readonly SqlValue[], Row>(statement: Statement<Args, Row>, args: Args, rowsMax: number): Answer<Row[]>;
}

/** What a transaction may do. */
export interface Tx extends ReadTx {
  /** The only row, or undefined; it may be an older transaction's, and is not to be changed. */
  getKept<Args extends readonly [] | readonly [key: string], Row>(statement: KeptStatement<Args, Row>, args: Args): Answer<Row | undefined>;
  /** The number of changed rows. */
  run<Args extends readonly SqlValue[]>(statement: Statement<Args, never>, args: Args): Answer<number>;
  /** The next number of the only counter that versions, bodies, uploads and buckets take theirs from. */
  nextNumber(): Answer<number>;
  /** Adds to a counter that no transaction reads. */
  bump(counter: Counter, by: number): Answer<void>;
  /** Runs the body; its refusal takes its effects back, not those of the calls around it. */
  nested<Result>(body: Transaction<Result>): Answer<Outcome<Result>>;
}
