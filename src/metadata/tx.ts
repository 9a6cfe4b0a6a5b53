/*
 * The protocol between transactions and drivers. A transaction is a generator: it yields steps and is given their
 * answers, so one driver may run it in one go and another may wait between steps, or roll back and run it anew.
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

type AnyStatement = Pick<Statement<never, unknown>, 'sql'>;

export type Step =
  /** The only row, or undefined. */
  | { kind: 'get'; statement: AnyStatement; args: readonly SqlValue[] }
  /** All rows; more than `rowsMax` of them is a fault of the caller. */
  | { kind: 'all'; statement: AnyStatement; args: readonly SqlValue[]; rowsMax: number }
  /** The number of changed rows. */
  | { kind: 'run'; statement: AnyStatement; args: readonly SqlValue[] }
  /** The next number of the only counter that versions, bodies, uploads and buckets take theirs from. */
  | { kind: 'next' }
  /** Adds to a counter that no transaction reads. */
  | { kind: 'bump'; counter: Counter; by: number }
  /** Runs the body; its refusal takes its effects back, not those of the steps around it. The answer is an `Outcome`. */
  | { kind: 'nested'; body: Transaction<unknown> };

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

export type Transaction<Result> = Generator<Step, Result, unknown>;

/** What became of a transaction: its result, or its refusal in a form that can be stored and sent. */
export type Outcome<Result = unknown> = { value: Result } | { refused: { code: string; detail: string | null } };

/** What a query may do. */
export interface ReadTx {
  get<Args extends readonly SqlValue[], Row>(statement: Statement<Args, Row>, args: Args): Transaction<Row | undefined>;
  all<Args extends readonly SqlValue[], Row>(statement: Statement<Args, Row>, args: Args, rowsMax: number): Transaction<Row[]>;
}

/** What a transaction may do. */
export interface Tx extends ReadTx {
  run<Args extends readonly SqlValue[]>(statement: Statement<Args, never>, args: Args): Transaction<number>;
  nextNumber(): Transaction<number>;
  bump(counter: Counter, by: number): Transaction<void>;
  nested<Result>(body: Transaction<Result>): Transaction<Outcome<Result>>;
}

/** Gives each call of a transaction to its driver as a step. Holds nothing. */
export const tx: Tx = {
  *get<Args extends readonly SqlValue[], Row>(statement: Statement<Args, Row>, args: Args): Transaction<Row | undefined> {
    return (yield { kind: 'get', statement, args }) as Row | undefined;
  },
  *all<Args extends readonly SqlValue[], Row>(statement: Statement<Args, Row>, args: Args, rowsMax: number): Transaction<Row[]> {
    return (yield { kind: 'all', statement, args, rowsMax }) as Row[];
  },
  *run<Args extends readonly SqlValue[]>(statement: Statement<Args, never>, args: Args): Transaction<number> {
    return (yield { kind: 'run', statement, args }) as number;
  },
  *nextNumber(): Transaction<number> {
    return (yield { kind: 'next' }) as number;
  },
  *bump(counter: Counter, by: number): Transaction<void> {
    if (by !== 0) yield { kind: 'bump', counter, by };
  },
  *nested<Result>(body: Transaction<Result>): Transaction<Outcome<Result>> {
    return (yield { kind: 'nested', body }) as Outcome<Result>;
  },
};
