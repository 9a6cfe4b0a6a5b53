import { assert } from '../../base/assert.js';
import { batchRowsMax, nodesMax } from '../../model/limits.js';
import { copiesSuffice } from '../../model/node-state.js';
import { chunkInfo, chunksByIds, packNodes, updateChunkNodes, updateUnder } from '../rows/chunk.js';
import { nodesByNumbers } from '../rows/node.js';
import { lostNode, type LostNode } from '../rules/lost-node.js';
import type { Transaction, Tx } from '../tx.js';

export interface DropLostCopiesArgs extends LostNode {
  /** Chunks that may have a copy there, at most `batchRowsMax`. */
  ids: string[];
  replicationFactor: number;
}

export interface DropLostCopiesResult {
  /** Chunks that keep the node on record: without it they have too few copies on nodes that are heard. */
  short: number;
}

/** Takes a node that is being given up out of the rows of chunks that have RF certain copies without it, or that are not present: not complete yet, or deleted. */
export function* dropLostCopies(tx: Tx, args: DropLostCopiesArgs): Transaction<DropLostCopiesResult> {
  assert(args.ids.length <= batchRowsMax, 'a batch of lost copies is bounded');
  const { number } = yield* lostNode(tx, args);
  const rows = yield* tx.all(chunksByIds, [JSON.stringify(args.ids)], batchRowsMax);
  const chunks = rows.map((row) => chunkInfo(row)).filter(({ nodeNumbers }) => nodeNumbers.includes(number));
  const named = [...new Set(chunks.flatMap(({ nodeNumbers }) => nodeNumbers))];
  const nodes = yield* tx.all(nodesByNumbers, [JSON.stringify(named)], nodesMax);
  const stateOf = new Map(nodes.map((node) => [node.number, node.state]));
  const isWhole = (nodeNumbers: readonly number[]): boolean => {
    const states = nodeNumbers.map((each) => stateOf.get(each)).filter((state) => state !== undefined);
    return copiesSuffice(states, args.replicationFactor);
  };

  const whole = chunks.filter(({ state, nodeNumbers }) => state !== 'present' || isWhole(nodeNumbers));
  const changes = whole.map(({ id, nodeNumbers }) => ({ id, after: nodeNumbers.filter((each) => each !== number) }));
  if (changes.length > 0) {
    yield* tx.run(updateChunkNodes, [JSON.stringify(changes.map(({ id, after }) => [id, packNodes(after)]))]);
    yield* tx.run(updateUnder, [JSON.stringify(changes.map(({ id, after }) => [id, after.length]))]);
  }
  return { short: chunks.length - whole.length };
}
