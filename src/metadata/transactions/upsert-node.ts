import { must } from '../../base/must.js';
import type { VolumeCondition } from '../../model/node.js';
import { Refusal } from '../../model/refusal.js';
import { nodeById, type NodeInfo, nodeInfo, upsertNodeRow } from '../rows/node.js';
import { newNodeNumber } from '../rules/new-node-number.js';
import type { Transaction, Tx } from '../tx.js';

export interface UpsertNodeArgs {
  nodeId: string;
  boot: number;
  address: string;
  host: string;
  zone: string;
  condition: VolumeCondition;
  capacityBytes: number;
  freeBytes: number;
  nowMs: number;
}

/**
 * A volume has proven itself. A new or manual node becomes live; the state of any other stays, that is decided by
 * `setNodeState`. One that was forgotten stays so: no row names its copies any more, and copies may be there that no row
 * ever heard of.
 */
export function* upsertNode(tx: Tx, args: UpsertNodeArgs): Transaction<NodeInfo> {
  const id = Buffer.from(args.nodeId);
  const known = yield* tx.get(nodeById, [id]);
  if (known !== undefined && known.boot > args.boot) throw new Refusal('boot-stale');
  const arrives = known === undefined || known.state === 'manual';
  const number = known?.number ?? (yield* newNodeNumber(tx, id));
  yield* tx.run(upsertNodeRow, [
    number,
    id,
    args.address,
    args.host,
    args.zone,
    arrives ? 'live' : known.state,
    arrives ? args.nowMs : known.state_since_ms,
    arrives ? null : known.state_reason,
    args.condition,
    1,
    args.boot,
    args.capacityBytes,
    args.freeBytes,
  ]);
  return nodeInfo(must(yield* tx.get(nodeById, [id]), 'the row just written'));
}
