import { uuidFromBytes, uuidToBytes } from '../../base/uuid.js';
import { doomedPage } from '../rows/garbage.js';
import type { ReadTx, Transaction } from '../tx.js';

export interface DoomedOnArgs {
  nodeNumber: number;
  afterId: string | null;
  limit: number;
}

export interface DoomedOnResult {
  ids: string[];
}

/** Copies that a node is still to delete. */
export function* doomedOn(tx: ReadTx, args: DoomedOnArgs): Transaction<DoomedOnResult> {
  const after = args.afterId === null ? Buffer.alloc(0) : uuidToBytes(args.afterId);
  const rows = yield* tx.all(doomedPage, [args.nodeNumber, after, args.limit], args.limit);
  return { ids: rows.map(({ chunk }) => uuidFromBytes(chunk)) };
}
