import type { WrittenChunk } from '../../model/chunk.js';
import { copiesCount } from '../../model/node-state.js';
import { Refusal } from '../../model/refusal.js';
import { nodeOfReceipt, writableHosts } from '../rows/node.js';
import type { Transaction, Tx } from '../tx.js';

/** How many copies a commit wants (RF) and needs (W). */
export interface Quorum {
  replicationFactor: number;
  writeQuorum: number;
}

export interface CountedNode {
  number: number;
  host: string;
}

/** The nodes among these ids whose receipts count, by id. */
export function* countedNodes(tx: Tx, nodeIds: Iterable<string>): Transaction<Map<string, CountedNode>> {
  const counted = new Map<string, CountedNode>();
  for (const id of new Set(nodeIds)) {
    const node = yield* tx.getKept(nodeOfReceipt, [id]);
    if (node !== undefined && copiesCount(node.state)) counted.set(id, node);
  }
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
