import type { Attempt } from './attempt.js';
import { Refusal } from '../model/refusal.js';
import { remembered } from './rules/remembered.js';
import { adding, transactions, type TransactionName } from './transactions.js';
import type { Outcome, Transaction, Tx } from './tx.js';

type AnyTransaction = (tx: Tx, args: unknown) => Transaction<unknown>;

/**
 * What every driver runs for a request: the transaction in a savepoint of its own and, where the arguments carry an
 * attempt, what is remembered of it. Without room what would add is refused, but a repeat is told what it was told
 * before. Ends with an outcome, never with a refusal thrown.
 */
export function* execute(tx: Tx, name: TransactionName, args: object, hasRoom: boolean): Transaction<Outcome> {
  const transaction = (transactions[name] as AnyTransaction)(tx, args);
  const body = hasRoom ? transaction : withoutRoom(name, transaction);
  if (!('attempt' in args)) return yield* tx.nested(body);
  const { attempt, nowMs } = args as { attempt: Attempt; nowMs: number };
  return yield* remembered(tx, attempt, nowMs, body);
}

function* withoutRoom(name: TransactionName, transaction: Transaction<unknown>): Transaction<unknown> {
  if (adding.has(name)) throw noRoom();
  return yield* transaction;
}

/** The volume of the metadata is full, or nearly. */
export function noRoom(): Refusal {
  return new Refusal('storage-full', 'The volume of the metadata has no room for more; reads and deletes still work.');
}
