import { uuidToBytes } from '../../base/uuid.js';
import { Refusal } from '../../model/refusal.js';
import { chunkById, chunkInfo, type ChunkInfo } from '../rows/chunk.js';
import { restUploadById } from '../rows/rest.js';
import type { ReadTx, Transaction } from '../tx.js';

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

export function* getRestObject(tx: ReadTx, args: GetRestObjectArgs): Transaction<GetRestObjectResult> {
  const id = uuidToBytes(args.id);
  const upload = yield* tx.get(restUploadById, [id]);
  const row = yield* tx.get(chunkById, [id]);
  const chunk = row === undefined ? null : chunkInfo(row);
  const visible = chunk !== null && chunk.kind === 'rest' && chunk.state !== 'deleted' ? chunk : null;
  if (visible === null && upload === undefined) throw new Refusal('object-unknown');
  return { complete: visible?.state === 'present', chunk: visible, sizeHintBytes: upload?.size_hint ?? null };
}
