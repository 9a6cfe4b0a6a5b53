import { must } from '../base/must.js';
import type { NodeInfo } from '../metadata/rows/node.js';
import { readRank } from '../model/node-state.js';
import type { NodeState, View, ViewNode, VolumeCondition } from '../model/node.js';

/** Free space is shown anew in the view when it moved by so much of the capacity. */
const freeStep = 0.01;

/** A node as this process knows it: its committed row, and what its last heartbeat said. */
export interface KnownNode {
  nodeId: string;
  nodeNumber: number;
  boot: number;
  address: string;
  host: string;
  zone: string;
  state: NodeState;
  /** A person has cleared its quarantine. */
  cleared: boolean;
  condition: VolumeCondition;
  capacityBytes: number;
  freeBytes: number;
  usedBytes: number;
  chunkCount: number;
  /** Monotonic; for a node not heard since this process began: when it began. */
  heardAtMs: number;
}

/** A node of which only the row is known. */
export function knownNode(row: NodeInfo, nowMs: number): KnownNode {
  const { nodeId, nodeNumber, boot, address, host, zone, state, condition, capacityBytes, freeBytes } = row;
  return {
    nodeId,
    nodeNumber,
    boot,
    address,
    host,
    zone,
    state,
    capacityBytes,
    freeBytes,
    cleared: false,
    condition,
    usedBytes: Math.max(0, capacityBytes - freeBytes),
    chunkCount: 0,
    heardAtMs: nowMs,
  };
}

export interface RegistryFacts {
  clusterId: string;
  epoch: number;
  replicationFactor: number;
  writeQuorum: number;
  sweepGeneration: number;
}

/** A node was not known before, or is not known any more: exactly one of the two may be null. */
type NodeChange = { before: KnownNode | null; after: KnownNode } | { before: KnownNode; after: null };
/** Called after a change is visible. */
export type NodeChanged = (change: NodeChange) => void;

/**
 * All nodes of the cluster in memory, and the view that others cache. What must survive a restart is committed first
 * and put here afterwards, so nobody sees a state that could be taken back.
 */
export class NodeRegistry {
  readonly #facts: RegistryFacts;
  readonly #byId = new Map<string, KnownNode>();
  readonly #byNumber = new Map<number, KnownNode>();
  readonly #listeners: NodeChanged[] = [];
  /** Each node as it was when the view last changed for its sake. */
  readonly #shown = new Map<string, KnownNode>();
  #n = 0;
  #view: View | null = null;

  constructor(facts: RegistryFacts, nodes: readonly KnownNode[]) {
    this.#facts = { ...facts };
    for (const node of nodes) this.put(node);
  }

  get(nodeId: string): KnownNode | null {
    return this.#byId.get(nodeId) ?? null;
  }

  byNumber(nodeNumber: number): KnownNode | null {
    return this.#byNumber.get(nodeNumber) ?? null;
  }

  /** The nodes that a chunk row names, those to read from first before the others. */
  holders(nodeNumbers: readonly number[]): KnownNode[] {
    const nodes = nodeNumbers.map((nodeNumber) => this.byNumber(nodeNumber)).filter((node) => node !== null);
    return nodes.sort((a, b) => readRank(a.state) - readRank(b.state));
  }

  all(): KnownNode[] {
    return [...this.#byId.values()];
  }

  onChange(listener: NodeChanged): void {
    this.#listeners.push(listener);
  }

  put(node: KnownNode): void {
    const before = this.get(node.nodeId);
    this.#byId.set(node.nodeId, node);
    this.#byNumber.set(node.nodeNumber, node);
    const shown = this.#shown.get(node.nodeId);
    if (!shown || isVisible(shown, node)) {
      this.#shown.set(node.nodeId, node);
      this.#n += 1;
      this.#view = null;
    }
    for (const listener of this.#listeners) listener({ before, after: node });
  }

  /** The node was forgotten. Its number is nobody's from now on. */
  remove(nodeId: string): void {
    const before = must(this.get(nodeId), 'a node that is known');
    this.#byId.delete(nodeId);
    this.#byNumber.delete(before.nodeNumber);
    this.#shown.delete(nodeId);
    this.#n += 1;
    this.#view = null;
    for (const listener of this.#listeners) listener({ before, after: null });
  }

  setGeneration(sweepGeneration: number): void {
    if (this.#facts.sweepGeneration === sweepGeneration) return;
    this.#facts.sweepGeneration = sweepGeneration;
    this.#n += 1;
    this.#view = null;
  }

  /** The picture of the cluster; the same object until something in it changes. */
  view(): View {
    const { clusterId, epoch, replicationFactor, writeQuorum, sweepGeneration } = this.#facts;
    this.#view ??= {
      number: { epoch, n: this.#n },
      clusterId,
      replicationFactor,
      writeQuorum,
      sweepGeneration,
      nodes: this.all().map(toViewNode),
    };
    return this.#view;
  }
}

export function toViewNode(node: KnownNode): ViewNode {
  const { nodeId, nodeNumber, address, host, zone, state, freeBytes, capacityBytes } = node;
  return { nodeId, nodeNumber, address, host, zone, state, writable: isWritable(node), freeBytes, capacityBytes };
}

function isWritable(node: KnownNode): boolean {
  return node.state === 'live' && node.condition === 'open';
}

/** Whether others must learn of the difference. */
function isVisible(before: KnownNode, after: KnownNode): boolean {
  return (
    before.state !== after.state ||
    before.address !== after.address ||
    before.host !== after.host ||
    before.zone !== after.zone ||
    before.capacityBytes !== after.capacityBytes ||
    isWritable(before) !== isWritable(after) ||
    Math.abs(before.freeBytes - after.freeBytes) > after.capacityBytes * freeStep
  );
}
