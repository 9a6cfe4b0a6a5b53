import type { KnownNode } from '../master/node-registry.js';

/** A live node of the master's registry, except for what a test says. */
export function knownNodeOf(changes: Partial<KnownNode> & { nodeNumber: number }): KnownNode {
  const name = `node-${changes.nodeNumber}`;
  return {
    nodeId: name,
    boot: 1,
    address: `http://${name}:42101`,
    host: name,
    zone: '',
    state: 'live',
    cleared: false,
    condition: 'open',
    capacityBytes: 1000,
    freeBytes: 500,
    usedBytes: 500,
    chunkCount: 0,
    heardAtMs: 0,
    ...changes,
  };
}
