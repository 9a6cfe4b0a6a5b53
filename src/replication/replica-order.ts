import type { Random } from '../base/random.js';
import type { NodeState, View, ViewNode } from '../model/node.js';
import type { Datanodes } from './datanodes.js';

/**
 * Whom to ask first. An unreachable node is not evidence that its copy is gone, so nobody is left out who ever proved a
 * volume; those of whom little is to be hoped come last.
 */
const ranks: Record<NodeState, number | null> = {
  live: 0,
  draining: 0,
  returned: 1,
  suspect: 2,
  quarantined: 3,
  down: 4,
  repairing: 4,
  manual: null,
};
const awayRank = 2;

/** The nodes with these numbers, best first: by state, then zone, then by what we already ask of them, then at random. */
export function orderReplicas(
  view: View,
  nodeNumbers: readonly number[],
  from: { datanodes: Datanodes; zone: string | null; random: Random },
): ViewNode[] {
  const rated: { node: ViewNode; rank: number; isFar: number; busy: number; chance: number }[] = [];
  for (const node of view.nodes) {
    if (!nodeNumbers.includes(node.nodeNumber)) continue;
    const stateRank = ranks[node.state];
    if (stateRank === null) continue;
    rated.push({
      node,
      rank: from.datanodes.isAway(node) ? Math.max(stateRank, awayRank) : stateRank,
      isFar: node.zone === from.zone ? 0 : 1,
      busy: from.datanodes.busyOn(node),
      chance: from.random.fraction(),
    });
  }
  rated.sort((a, b) => a.rank - b.rank || a.isFar - b.isFar || a.busy - b.busy || a.chance - b.chance);
  return rated.map(({ node }) => node);
}
