import { must } from '../base/must.js';
import { migrations } from '../metadata/migrations/all.js';
import { queries, type QueryArgs, type QueryName, type QueryResult } from '../metadata/queries.js';
import { SqliteConnection } from '../metadata/sqlite/connection.js';
import { GroupWriter, type WriteAnswer, type WriteRequest } from '../metadata/sqlite/group-writer.js';
import { migrate } from '../metadata/sqlite/migrate.js';
import { Reader } from '../metadata/sqlite/reader.js';
import type { TransactionArgs, TransactionName, TransactionResult } from '../metadata/transactions.js';
import type { ReadTx, Transaction } from '../metadata/tx.js';
import { isRefusalCode, Refusal } from '../model/refusal.js';
import type { StoreUnderTest } from './store-under-test.js';

/** The SQLite driver on a real file without its thread: what is asked for in one turn becomes one group. */
export class LocalStore implements StoreUnderTest {
  readonly rows: SqliteConnection;
  readonly #writer: GroupWriter;
  readonly #reader: Reader;
  #waiting: { request: WriteRequest; settle: (answer: WriteAnswer) => void }[] = [];

  constructor(path: string) {
    this.rows = SqliteConnection.openWriter(path);
    migrate(this.rows, path, migrations);
    this.#writer = new GroupWriter(this.rows, () => true);
    this.#reader = new Reader(SqliteConnection.openReader(path));
  }

  async write<N extends TransactionName>(name: N, args: TransactionArgs<N>): Promise<TransactionResult<N>> {
    const answer = await new Promise<WriteAnswer>((settle) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#commit());
      this.#waiting.push({ request: { name, args: JSON.parse(JSON.stringify(args)) as object }, settle });
    });
    return resultOf(answer) as TransactionResult<N>;
  }

  async read<N extends QueryName>(name: N, args: QueryArgs<N>): Promise<QueryResult<N>> {
    const query = queries[name] as (tx: ReadTx, args: QueryArgs<N>) => Transaction<QueryResult<N>>;
    return this.#reader.read(query, args);
  }

  close(): void {
    this.#reader.close();
    this.rows.close();
  }

  #commit(): void {
    const group = this.#waiting;
    this.#waiting = [];
    const answers = this.#writer.commitGroup(group.map(({ request }) => request));
    for (const [index, { settle }] of group.entries()) settle(must(answers[index], 'an answer'));
  }
}

/** The value of an answer, or its refusal thrown. */
export function resultOf(answer: WriteAnswer): unknown {
  if ('value' in answer) return answer.value;
  if ('failed' in answer) throw new Error(answer.failed);
  const { code, detail } = answer.refused;
  if (!isRefusalCode(code)) throw new Error(`unknown refusal ${code}`);
  throw new Refusal(code, detail);
}
