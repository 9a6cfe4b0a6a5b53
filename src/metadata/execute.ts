import type { Attempt } from './attempt.js';
import { remembered } from './rules/remembered.js';
import { transactions, type TransactionName } from './transactions.js';
import type { Outcome, Transaction, Tx } from './tx.js';

type AnyTransaction = (tx: Tx, args: unknown) => Transaction<unknown>;

/**
 * What every driver runs for a request: the transaction in a savepoint of its own and, where the arguments carry an
 * attempt, what is remembered of it. Ends with an outcome, never with a refusal thrown.
 */
export function* execute(tx: Tx, name: TransactionName, args: object): Transaction<Outcome> {
  const body = (transactions[name] as AnyTransaction)(tx, args);
  if (!('attempt' in args)) return yield* tx.nested(body);
  const { attempt, nowMs } = args as { attempt: Attempt; nowMs: number };
  return yield* remembered(tx, attempt, nowMs, body);
}
