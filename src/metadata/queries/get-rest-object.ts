import type { ChunkInfo } from '../rows/chunk.js';
import type { ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface GetRestObjectArgs {
  id: string;
}

export interface GetRestObjectResult {
  /** False: `completeRestUpload` has not been asked, or has been refused. */
  complete: boolean;
  /** Null while no node has reported it. */
  chunk: ChunkInfo | null;
  sizeHintBytes: number | null;
}

// BODY
export function* getRestObject(_tx: ReadTx, _args: GetRestObjectArgs): Transaction<GetRestObjectResult> {
  throw new AssertionFailure('not built yet');
}
