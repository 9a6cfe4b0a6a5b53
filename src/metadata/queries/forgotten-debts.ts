import { uuidFromBytes } from '../../base/uuid.js';
import { doomedPage } from '../rows/garbage.js';
import { forgottenDebtor } from '../rows/node.js';
import type { ReadTx, Transaction } from '../tx.js';

export interface ForgottenDebtsArgs {
  limit: number;
}

/** Copies of one node each; null: none is left. */
export type ForgottenDebtsResult = { nodeNumber: number; ids: string[] } | null;

/** Copies that a forgotten node was still to delete: they are gone with its volume. */
export function* forgottenDebts(tx: ReadTx, { limit }: ForgottenDebtsArgs): Transaction<ForgottenDebtsResult> {
  const debtor = yield* tx.get(forgottenDebtor, []);
  if (debtor === undefined) return null;
  const rows = yield* tx.all(doomedPage, [debtor.number, Buffer.alloc(0), limit], limit);
  return { nodeNumber: debtor.number, ids: rows.map(({ chunk }) => uuidFromBytes(chunk)) };
}
