import { uuidToBytes } from '../../base/uuid.js';
import { chunkById, chunkInfo } from '../rows/chunk.js';
import { insertDoomed } from '../rows/garbage.js';
import { nodeById } from '../rows/node.js';
import type { Transaction, Tx } from '../tx.js';

export interface DoomCopiesArgs {
  id: string;
  /** Where copies may be that no row names. */
  nodeIds: string[];
}

/**
 * Copies that came too late, of a chunk that is gone: their nodes owe a delete from now on. Changes nothing while
 * somebody can still read the chunk. Not for chunks that are yet to be committed: those are gone by the same signs.
 */
export function* doomCopies(tx: Tx, args: DoomCopiesArgs): Transaction<{ doomed: number }> {
  const row = yield* tx.get(chunkById, [uuidToBytes(args.id)]);
  const chunk = row === undefined ? null : chunkInfo(row);
  if (chunk !== null && chunk.state !== 'deleted') return { doomed: 0 };

  const copies: [number, string][] = [];
  for (const nodeId of args.nodeIds) {
    const node = yield* tx.get(nodeById, [Buffer.from(nodeId)]);
    // What the row of a deleted chunk names is doomed when the garbage gets there.
    if (node !== undefined && !chunk?.nodeNumbers.includes(node.number)) copies.push([node.number, args.id]);
  }
  const doomed = yield* tx.run(insertDoomed, [JSON.stringify(copies)]);
  yield* tx.bump('doomed', doomed);
  return { doomed };
}
