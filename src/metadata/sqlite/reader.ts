import { statement, tx, type ReadTx, type Transaction } from '../tx.js';
import type { SqliteConnection } from './connection.js';
import { answerRead, runNow } from './run-now.js';

const begin = statement('BEGIN');
const commit = statement('COMMIT');

/** Runs queries on a connection of its own, each on one state of the committed data. */
export class Reader {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  read<Args, Result>(query: (tx: ReadTx, args: Args) => Transaction<Result>, args: Args): Result {
    this.#connection.run(begin, []);
    try {
      return runNow(query(tx, args), (step) => answerRead(this.#connection, step));
    } finally {
      this.#connection.run(commit, []);
    }
  }

  close(): void {
    this.#connection.close();
  }
}
