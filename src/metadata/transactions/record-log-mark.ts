import { Refusal } from '../../model/refusal.js';
import { nodeById, updateNodeMark } from '../rows/node.js';
import type { Transaction, Tx } from '../tx.js';

export interface RecordLogMarkArgs {
  nodeId: string;
  boot: number;
  sequence: number;
  digest: string;
}

/** Where the node's log stood when it was last heard: a returning volume must be there or further. */
export function* recordLogMark(tx: Tx, args: RecordLogMarkArgs): Transaction<Record<string, never>> {
  const node = yield* tx.get(nodeById, [Buffer.from(args.nodeId)]);
  if (node === undefined) throw new Refusal('node-unknown');
  if (args.boot < node.boot) throw new Refusal('boot-stale');
  yield* tx.run(updateNodeMark, [args.sequence, args.digest, node.number]);
  return {};
}
