import { uuidFromBytes } from '../../base/uuid.js';
import { doomedPage } from '../rows/garbage.js';
import { forgottenWithDoomed } from '../rows/node.js';
import type { ReadTx, Transaction } from '../tx.js';

export interface DoomedOnForgottenArgs {
  limit: number;
}

/** Copies of one node each; null: none is left. */
export type DoomedOnForgottenResult = { nodeNumber: number; ids: string[] } | null;

/** Copies that a forgotten node was still to delete: they are gone with its volume. */
export function* doomedOnForgotten(tx: ReadTx, { limit }: DoomedOnForgottenArgs): Transaction<DoomedOnForgottenResult> {
  const node = yield* tx.get(forgottenWithDoomed, []);
  if (node === undefined) return null;
  const rows = yield* tx.all(doomedPage, [node.number, Buffer.alloc(0), limit], limit);
  return { nodeNumber: node.number, ids: rows.map(({ chunk }) => uuidFromBytes(chunk)) };
}
