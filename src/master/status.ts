import type { QueryResult } from '../metadata/queries.js';
import type { NodeState, View } from '../model/node.js';
import { countHosts } from '../model/placement.js';
import type { Census } from './repair.js';

export type Verdict = 'healthy' | 'degraded' | 'at-risk' | 'writes-stopped' | 'data-missing';

export interface Status {
  verdict: Verdict;
  /** Sentences for people: what is wrong, what it means; never empty. */
  words: string[];
  clusterId: string;
  view: View['number'];
  sweepGeneration: number;
  replicationFactor: number;
  writeQuorum: number;
  /** Fewer than two copies are synced before a write is acknowledged. */
  unsafe: boolean;
  nodes: Partial<Record<NodeState, number>>;
  writableNodes: number;
  /** So many writable nodes may go before writes stop. */
  writesSurviveNodes: number;
  copiesShareHost: boolean;
  counts: QueryResult<'statistics'>;
  /** The last scan of all chunks, null before the first has ended. */
  census: Census | null;
  copiesUnderWay: number;
}

export interface StatusFacts {
  view: View;
  counts: QueryResult<'statistics'>;
  census: Census | null;
  /** Chunks whose only copy is known to be damaged. */
  onlyDamaged: number;
  copiesUnderWay: number;
  /** The volume of the metadata has room for what a write adds. */
  metadataHasRoom: boolean;
}

/** One picture of what is at risk; pure. */
export function statusOf({ view, counts, census, onlyDamaged, copiesUnderWay, metadataHasRoom }: StatusFacts): Status {
  const { replicationFactor, writeQuorum } = view;
  const nodes: Partial<Record<NodeState, number>> = {};
  for (const { state } of view.nodes) nodes[state] = (nodes[state] ?? 0) + 1;
  const writable = view.nodes.filter((node) => node.writable);
  const proven = view.nodes.filter((node) => node.state !== 'manual');
  const copiesShareHost = writable.length >= replicationFactor && countHosts(writable) < replicationFactor;
  const silent = (nodes.suspect ?? 0) + (nodes.down ?? 0) + (nodes.repairing ?? 0);
  // A live node takes no chunks only when its disk is past the fill from which it is read-only.
  const readOnly = view.nodes.filter((node) => node.state === 'live' && !node.writable).length;
  const short = Math.max(counts.under, census?.short ?? 0);

  const words: string[] = [];
  const say = (when: boolean, sentence: string): boolean => {
    if (when) words.push(sentence);
    return when;
  };
  const missing = say((census?.none ?? 0) > 0, `${census?.none} chunks have no copy that counts: bring back the nodes that hold them.`);
  const damaged = say(onlyDamaged > 0, `The only copy of ${onlyDamaged} chunks is damaged: bring back a node or disk that held another.`);
  const stopped = [
    say(writable.length < writeQuorum, `Writes are stopped: ${writable.length} nodes take chunks, ${writeQuorum} are needed.`),
    say(
      !metadataHasRoom,
      'Writes are stopped: the volume of the metadata is nearly full; make room there or enlarge it. Reads and deletes go on.',
    ),
  ].some(Boolean);
  const atRisk = say(
    replicationFactor > 1 && (census?.atRisk ?? 0) > 0,
    `${census?.atRisk} chunks have one copy left: losing its disk loses them.`,
  );
  const degraded = [
    say(
      readOnly > 0,
      `${readOnly} nodes are read-only: their disks are over the limit (90 % unless set otherwise); deletes free space after the grace (AETHER_DELETE_GRACE_MS, 1 h unless set otherwise).`,
    ),
    say(short > 0, `${short} chunks have fewer than ${replicationFactor} copies; ${copiesWords(copiesUnderWay)}.`),
    say(silent > 0, `${silent} of ${proven.length} nodes are silent or in doubt.`),
    say((nodes.quarantined ?? 0) > 0, `${nodes.quarantined} nodes are quarantined: their copies are made anew elsewhere.`),
    say((nodes.returned ?? 0) > 0, `${nodes.returned} nodes have returned and are being checked.`),
    say(
      !stopped && writable.length < replicationFactor,
      `${writable.length} nodes take chunks: new objects get fewer than ${replicationFactor} copies.`,
    ),
  ].some(Boolean);
  if (words.length === 0) words.push('Every chunk has its copies, every node is there.');
  say(copiesShareHost, 'Copies share a host: one machine holds more than one copy of a chunk.');
  say(writeQuorum < 2, 'Unsafe: a write is acknowledged with one copy; one lost disk loses it.');

  return {
    verdict: missing || damaged ? 'data-missing' : stopped ? 'writes-stopped' : atRisk ? 'at-risk' : degraded ? 'degraded' : 'healthy',
    words,
    clusterId: view.clusterId,
    view: view.number,
    sweepGeneration: view.sweepGeneration,
    replicationFactor,
    writeQuorum,
    unsafe: writeQuorum < 2,
    nodes,
    writableNodes: writable.length,
    writesSurviveNodes: metadataHasRoom ? Math.max(0, writable.length - writeQuorum) : 0,
    copiesShareHost,
    counts,
    census,
    copiesUnderWay,
  };
}

function copiesWords(underWay: number): string {
  return underWay > 0
    ? `${underWay} copies are being made`
    : 'copies are made anew once the delay of repair is over and nodes can take them';
}
