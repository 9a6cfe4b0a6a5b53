import type { KeptStatement, SqlValue } from '../tx.js';
import type { SqliteConnection } from './connection.js';

/**
 * Rows of tables that rarely change, as the writing connection read them last. Every commit asks for the same few, and
 * nobody else writes: they hold until a statement that may change one of these tables runs, or a rollback.
 */
export class KeptRows {
  readonly #connection: SqliteConnection;
  readonly #rows = new Map<KeptStatement<never, unknown>, Map<SqlValue, unknown>>();
  #changes = 0;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  get<Args extends readonly [] | readonly [key: string], Row>(statement: KeptStatement<Args, Row>, args: Args): Row | undefined {
    if (this.#connection.rareChanges !== this.#changes) this.forget();
    let byKey = this.#rows.get(statement);
    if (byKey === undefined) this.#rows.set(statement, (byKey = new Map()));
    const key = args[0] ?? null;
    let row = byKey.get(key) as Row | undefined;
    if (row === undefined) {
      row = this.#connection.get(statement, args) as Row | undefined;
      if (row !== undefined) byKey.set(key, row);
    }
    return row;
  }

  forget(): void {
    this.#rows.clear();
    this.#changes = this.#connection.rareChanges;
  }
}
