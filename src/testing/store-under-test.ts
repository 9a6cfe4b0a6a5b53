import type { QueryArgs, QueryName, QueryResult } from '../metadata/queries.js';
import type { SqliteConnection } from '../metadata/sqlite/connection.js';
import type { TransactionArgs, TransactionName, TransactionResult } from '../metadata/transactions.js';
import { statement } from '../metadata/tx.js';

/** All rows of all tables, in a form that can be compared. */
export type Dump = Record<string, unknown[]>;

/** A driver of the metadata store, as the shared suite sees it. */
export interface StoreUnderTest {
  write<N extends TransactionName>(name: N, args: TransactionArgs<N>): Promise<TransactionResult<N>>;
  read<N extends QueryName>(name: N, args: QueryArgs<N>): Promise<QueryResult<N>>;
  /** The connection to look at rows directly, when nothing is under way. */
  readonly rows: SqliteConnection;
  close(): void;
}

const tables = statement<[], { name: string }>(
  `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name`,
);

export function dump(rows: SqliteConnection): Dump {
  const all: Dump = {};
  for (const { name } of rows.all(tables, []) as { name: string }[]) {
    all[name] = rows.all(statement(`SELECT * FROM "${name}"`), []).map((row) => JSON.parse(JSON.stringify(row, bytesAsHex)) as unknown);
  }
  return all;
}

function bytesAsHex(_name: string, value: unknown): unknown {
  const bytes = value as { type?: unknown; data?: unknown } | null;
  return typeof bytes === 'object' && bytes?.type === 'Buffer' ? Buffer.from(bytes.data as number[]).toString('hex') : value;
}
