/** A node's standing with the master; the transitions are in `node-state.ts`. */
export const nodeStates = [
  /** Known only from `POST /api/node/register`: no volume has proven itself. Never placed on, never read. */
  'manual',
  'live',
  /** Says itself that it will stop: readable, takes no new chunks. */
  'draining',
  /** Silent for `suspectAfterMs`: not placed on, read last. */
  'suspect',
  /** Silent for `downAfterMs`. */
  'down',
  /** Down for `repairDelayMs`, or its loss is proven: its copies no longer count. */
  'repairing',
  /** Heard again after `down` or `repairing`: its copies are being checked, then it is live. */
  'returned',
  /** Its disk failed or went back in time: read last, not counted toward RF. */
  'quarantined',
] as const;
export type NodeState = (typeof nodeStates)[number];

/** What a datanode says of its own volume in each heartbeat. */
export const volumeConditions = ['open', 'draining', 'read-only', 'quarantined'] as const;
export type VolumeCondition = (typeof volumeConditions)[number];

/** A node as the view shows it. */
export interface ViewNode {
  /** UUID on the volume; any text for a manual row. */
  nodeId: string;
  /** Small number that stands for the node in chunk rows; never used again. */
  nodeNumber: number;
  /** Base address, `http://host:port`. */
  address: string;
  host: string;
  zone: string;
  state: NodeState;
  /** May take new chunks: live, and its volume is open. */
  writable: boolean;
  freeBytes: number;
  capacityBytes: number;
}

/** (epoch, n) of what a master gave out; ordered by epoch, then n. */
export interface ViewNumber {
  epoch: number;
  n: number;
}

/** The picture of the cluster that gateways cache. */
export interface View {
  number: ViewNumber;
  clusterId: string;
  replicationFactor: number;
  writeQuorum: number;
  sweepGeneration: number;
  nodes: ViewNode[];
}
