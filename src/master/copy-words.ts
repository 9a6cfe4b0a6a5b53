import type { NodeState } from '../model/node.js';
import { copiesCount, isAlive } from '../model/node-state.js';
import type { KnownNode } from './node-registry.js';

export interface CopyVerdict {
  healthy: boolean;
  words: string;
}

/** What people are told about the copies of one chunk; pure. `onlyDamaged`: the only one is known to be damaged. */
export function copyWords(nodes: readonly Pick<KnownNode, 'state'>[], replicationFactor: number, onlyDamaged: boolean): CopyVerdict {
  if (onlyDamaged)
    return {
      healthy: false,
      words: 'Damaged: the only copy on record is damaged; what is sound of it can be read, repair cannot copy it.',
    };
  const counted = nodes.filter((node) => copiesCount(node.state)).length;
  const alive = nodes.filter((node) => isAlive(node.state)).length;
  if (counted >= replicationFactor && alive >= replicationFactor) return { healthy: true, words: `Healthy: ${whereAlive(nodes)}.` };
  return { healthy: false, words: worry(nodes.length, counted, alive, replicationFactor) };
}

/** A node that drains or is being checked is heard, but not called live. */
function whereAlive(nodes: readonly Pick<KnownNode, 'state'>[]): string {
  const onNodes = (state: NodeState, kind: string): string[] => {
    const count = nodes.filter((node) => node.state === state).length;
    return count === 0 ? [] : [`${count} ${count === 1 ? 'copy is' : 'copies are'} on ${kind}`];
  };
  return [
    ...onNodes('live', 'live nodes'),
    ...onNodes('draining', 'nodes that are draining'),
    ...onNodes('returned', 'nodes that are being checked'),
  ].join(', ');
}

function worry(recorded: number, counted: number, alive: number, replicationFactor: number): string {
  if (recorded === 0) return 'Lost: no copy is recorded.';
  if (alive === 0 && counted === 0)
    return 'Not safe: every copy is on a node that is quarantined or gone; it is readable only if such a node answers.';
  if (alive === 0) return 'Not readable now: no node with a copy is heard. It is back when one of them is.';
  if (counted >= replicationFactor)
    return `Readable: ${alive} of ${counted} copies can be fetched; the others are waited for before new ones are made.`;
  return `Short: ${counted} of ${replicationFactor} wanted copies ${counted === 1 ? 'counts' : 'count'}: repair makes the rest when a node can take them.`;
}
