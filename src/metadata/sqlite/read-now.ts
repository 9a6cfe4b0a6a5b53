import { assert } from '../../base/assert.js';
import type { ReadTx, SqlValue, Statement } from '../tx.js';
import { Answered } from './answered.js';
import type { SqliteConnection } from './connection.js';

/** What only reads, answered at once from a connection. */
export function readNow(connection: SqliteConnection): ReadTx {
  return {
    get: <Args extends readonly SqlValue[], Row>(statement: Statement<Args, Row>, args: Args) =>
      new Answered(connection.get(statement, args) as Row | undefined),
    all<Args extends readonly SqlValue[], Row>(statement: Statement<Args, Row>, args: Args, rowsMax: number) {
      const rows = connection.all(statement, args) as Row[];
      assert(rows.length <= rowsMax, 'a list of rows is bounded');
      return new Answered(rows);
    },
  };
}
