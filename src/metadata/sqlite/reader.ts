import { statement, type ReadTx, type Transaction } from '../tx.js';
import { runNow } from './answered.js';
import type { SqliteConnection } from './connection.js';
import { readNow } from './read-now.js';

const begin = statement('BEGIN');
const commit = statement('COMMIT');

/** Runs queries on a connection of its own, each on one state of the committed data. */
export class Reader {
  readonly #connection: SqliteConnection;
  readonly #tx: ReadTx;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    this.#tx = readNow(connection);
  }

  read<Args, Result>(query: (tx: ReadTx, args: Args) => Transaction<Result>, args: Args): Result {
    this.#connection.run(begin, []);
    try {
      return runNow(query(this.#tx, args));
    } finally {
      this.#connection.run(commit, []);
    }
  }

  close(): void {
    this.#connection.close();
  }
}
