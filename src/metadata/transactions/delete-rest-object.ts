import { uuidToBytes } from '../../base/uuid.js';
import { Refusal } from '../../model/refusal.js';
import { discardRestObject } from '../rules/discard-rest-object.js';
import type { Transaction, Tx } from '../tx.js';

export interface DeleteRestObjectArgs {
  id: string;
  nowMs: number;
}

/** An object of the REST API goes, complete or not. */
export function* deleteRestObject(tx: Tx, args: DeleteRestObjectArgs): Transaction<Record<string, never>> {
  if (!(yield* discardRestObject(tx, uuidToBytes(args.id), args.nowMs))) throw new Refusal('object-unknown');
  return {};
}
