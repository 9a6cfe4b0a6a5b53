import { must } from '../../base/must.js';
import type { WrittenChunk } from '../../model/chunk.js';
import type { NodeState } from '../../model/node.js';
import { Refusal } from '../../model/refusal.js';
import { replicationFactorMax } from '../../model/limits.js';
import { nodesByIds, nodesOfChunk, unpackNodesOfReceipts, writableHosts } from '../rows/node.js';
import type { Transaction, Tx } from '../tx.js';

/** How many copies a commit wants (RF) and needs (W). */
export interface Quorum {
  replicationFactor: number;
  writeQuorum: number;
}

/** Whether copies on a node in this state count toward W and RF: neither lost, nor on a disk that failed, nor unproven. */
export function countsCopies(state: NodeState): boolean {
  return state !== 'manual' && state !== 'quarantined' && state !== 'repairing';
}

export interface CountedNode {
  number: number;
  host: string;
}

/** The nodes among these ids whose receipts count, by id. */
export function* countedNodes(tx: Tx, nodeIds: Iterable<string>): Transaction<Map<string, CountedNode>> {
  const ids = [...new Set(nodeIds)];
  const [a, b, c, d, e, f, g] = ids.map((id) => Buffer.from(id));
  const row =
    ids.length <= replicationFactorMax
      ? yield* tx.get(nodesOfChunk, [a ?? null, b ?? null, c ?? null, d ?? null, e ?? null, f ?? null, g ?? null])
      : yield* tx.get(nodesByIds, [JSON.stringify(ids)]);
  const found = unpackNodesOfReceipts(must(row, 'the nodes'));
  const counted = new Map<string, CountedNode>();
  for (const [id, [number, host, state]] of Object.entries(found)) if (countsCopies(state)) counted.set(id, { number, host });
  return counted;
}

/**
 * The numbers of the nodes that hold each chunk. Refuses when a chunk has fewer than W copies on nodes that count, or
 * has them on fewer than W hosts although so many hosts could have taken one.
 */
export function* judgeReceipts(tx: Tx, chunks: readonly WrittenChunk[], writeQuorum: number): Transaction<number[][]> {
  const nodes = yield* countedNodes(
    tx,
    chunks.flatMap((chunk) => chunk.nodeIds),
  );
  let hostsFewest = Infinity;
  const placed: number[][] = [];
  for (const chunk of chunks) {
    const numbers = new Set<number>();
    const hosts = new Set<string>();
    for (const nodeId of chunk.nodeIds) {
      const node = nodes.get(nodeId);
      if (node === undefined) continue;
      numbers.add(node.number);
      hosts.add(node.host);
    }
    if (numbers.size < writeQuorum) throw new Refusal('receipts-too-few');
    hostsFewest = Math.min(hostsFewest, hosts.size);
    placed.push([...numbers]);
  }
  if (hostsFewest < writeQuorum) {
    const row = yield* tx.get(writableHosts, []);
    if (row !== undefined && row.hosts > hostsFewest) throw new Refusal('receipts-too-few');
  }
  return placed;
}
