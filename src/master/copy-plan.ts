import type { ChunkFacts } from '../model/chunk.js';
import { copiesCount, isAlive, readRank } from '../model/node-state.js';
import { replicationFactorMax } from '../model/limits.js';
import type { KnownNode } from './node-registry.js';

/** How a chunk stands, from its row and the states of its nodes. */
export interface CopyPlan {
  /** Copies that count toward RF. */
  counted: number;
  /** How many more are wanted. */
  missing: number;
  /** Where a copy may be fetched, best first. A node that is silent is never asked: that proves nothing. */
  sources: KnownNode[];
  /** Ids of the nodes whose copies count: their hosts and zones are taken. */
  keepers: Set<string>;
  /** Ids of all nodes that hold a copy, counted or not: none of them gets another. */
  holders: Set<string>;
}

/** Pure: what repair would do about one chunk. A node number that nobody knows any more is a copy that does not count. */
export function planCopies(
  chunk: Pick<ChunkFacts, 'id'> & { nodeNumbers: readonly number[] },
  nodeOf: (nodeNumber: number) => KnownNode | null,
  replicationFactor: number,
): CopyPlan {
  const nodes = chunk.nodeNumbers.map(nodeOf).filter((node) => node !== null);
  const keepers = new Set(nodes.filter((node) => copiesCount(node.state)).map((node) => node.nodeId));
  const counted = keepers.size;
  return {
    counted,
    keepers,
    missing: Math.max(0, replicationFactor - counted),
    sources: nodes
      .filter((node) => isAlive(node.state) || node.state === 'suspect' || node.state === 'quarantined')
      .sort((a, b) => readRank(a.state) - readRank(b.state))
      .slice(0, replicationFactorMax),
    holders: new Set(nodes.map((node) => node.nodeId)),
  };
}
