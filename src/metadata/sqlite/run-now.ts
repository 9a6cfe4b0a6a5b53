import { assert, AssertionFailure, unreachable } from '../../base/assert.js';
import type { Step, Transaction } from '../tx.js';
import type { SqliteConnection } from './connection.js';

/** Runs a generator to its end in one go. */
export function runNow<Result>(transaction: Transaction<Result>, answer: (step: Step) => unknown): Result {
  let turn = transaction.next();
  while (turn.done !== true) turn = transaction.next(answer(turn.value));
  return turn.value;
}

/** The steps that only read. */
export function answerRead(connection: SqliteConnection, step: Step): unknown {
  switch (step.kind) {
    case 'get':
      return connection.get(step.statement, step.args);
    case 'all': {
      const rows = connection.all(step.statement, step.args);
      assert(rows.length <= step.rowsMax, 'a list of rows is bounded');
      return rows;
    }
    case 'run':
    case 'next':
    case 'bump':
    case 'nested':
      throw new AssertionFailure(`a query does not ${step.kind}`);
    default:
      return unreachable(step);
  }
}
