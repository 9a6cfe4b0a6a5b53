import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface InitRestUploadArgs {
  /** UUID version 4. */
  id: string;
  sizeHintBytes: number | null;
  nowMs: number;
  expiresMs: number;
}

// BODY
export function* initRestUpload(_tx: Tx, _args: InitRestUploadArgs): Transaction<Record<string, never>> {
  throw new AssertionFailure('not built yet');
}
