import { uuidToBytes } from '../../base/uuid.js';
import { Refusal } from '../../model/refusal.js';
import { chunkById } from '../rows/chunk.js';
import { insertRestUpload } from '../rows/rest.js';
import type { Transaction, Tx } from '../tx.js';

export interface InitRestUploadArgs {
  /** UUID version 4. */
  id: string;
  sizeHintBytes: number | null;
  nowMs: number;
  expiresMs: number;
}

/** Announces an object whose copies clients put on nodes themselves. */
export function* initRestUpload(tx: Tx, args: InitRestUploadArgs): Transaction<Record<string, never>> {
  const id = uuidToBytes(args.id);
  if ((yield* tx.get(chunkById, [id])) !== undefined) throw new Refusal('object-exists');
  const inserted = yield* tx.run(insertRestUpload, [id, args.sizeHintBytes, args.nowMs, args.expiresMs]);
  if (inserted === 0) throw new Refusal('object-exists');
  return {};
}
