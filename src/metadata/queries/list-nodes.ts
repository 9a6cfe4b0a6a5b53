import { nodesMax } from '../../model/limits.js';
import { allNodes, nodeInfo, type NodeInfo } from '../rows/node.js';
import type { ReadTx, Transaction } from '../tx.js';

export interface ListNodesResult {
  nodes: NodeInfo[];
}

export function* listNodes(tx: ReadTx, _args: Record<string, never>): Transaction<ListNodesResult> {
  return { nodes: (yield* tx.all(allNodes, [], nodesMax)).map((row) => nodeInfo(row)) };
}
