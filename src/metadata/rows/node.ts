import type { NodeState, VolumeCondition } from '../../model/node.js';
import { keptStatement, statement } from '../tx.js';

/** A node row as others see it. */
export interface NodeInfo {
  nodeId: string;
  nodeNumber: number;
  address: string;
  host: string;
  zone: string;
  state: NodeState;
  stateSinceMs: number;
  stateReason: string | null;
  /** Of its volume, as last told to `upsertNode`. */
  condition: VolumeCondition;
  /** A heartbeat has proven its volume. */
  proven: boolean;
  /** The highest known; 0 for a manual row. */
  boot: number;
  capacityBytes: number;
  freeBytes: number;
  /** The last log position heard, which a returning volume must prove. */
  mark: { sequence: number; digest: string } | null;
}

export interface NodeRow {
  number: number;
  id: Buffer;
  address: string;
  host: string;
  zone: string;
  state: NodeState;
  state_since_ms: number;
  state_reason: string | null;
  condition: VolumeCondition;
  proven: number;
  boot: number;
  capacity: number;
  free: number;
  mark_sequence: number | null;
  mark_digest: string | null;
}

export const nodeById = statement<[id: Buffer], NodeRow>('SELECT * FROM node WHERE id = ?');
export const allNodes = statement<[], NodeRow>('SELECT * FROM node ORDER BY number');
/** What decides whether a copy on a node counts. */
export const nodeOfReceipt = keptStatement<[id: string], { number: number; host: string; state: NodeState }>(
  'SELECT number, host, state FROM node WHERE id = CAST(? AS BLOB)',
);
export const nodesByNumbers = statement<[numbersJson: string], { number: number; state: NodeState }>(
  `SELECT n.number, n.state FROM json_each(?) AS named JOIN node n ON n.number = named.value`,
);
/** Hosts that could take a chunk now. */
export const writableHosts = statement<[], { hosts: number }>(
  `SELECT count(DISTINCT host) AS hosts FROM node WHERE state = 'live' AND condition = 'open'`,
);
export const raiseNodeNumber = statement<[], { node_number: number }>(
  'UPDATE cluster SET node_number = node_number + 1 RETURNING node_number',
);
export const upsertNodeRow = statement<
  [
    number: number,
    id: Buffer,
    address: string,
    host: string,
    zone: string,
    state: NodeState,
    stateSinceMs: number,
    stateReason: string | null,
    condition: VolumeCondition,
    proven: number,
    boot: number,
    capacity: number,
    free: number,
  ]
>(
  `INSERT INTO node (number, id, address, host, zone, state, state_since_ms, state_reason, condition, proven, boot, capacity, free)
   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
   ON CONFLICT (id) DO UPDATE SET address = excluded.address, host = excluded.host, zone = excluded.zone,
     state = excluded.state, state_since_ms = excluded.state_since_ms, state_reason = excluded.state_reason,
     condition = excluded.condition, proven = excluded.proven, boot = excluded.boot,
     capacity = excluded.capacity, free = excluded.free`,
);
export const updateNodeState = statement<[state: NodeState, sinceMs: number, reason: string | null, number: number]>(
  'UPDATE node SET state = ?, state_since_ms = ?, state_reason = ? WHERE number = ?',
);
export const updateNodeMark = statement<[sequence: number, digest: string, number: number]>(
  'UPDATE node SET mark_sequence = ?, mark_digest = ? WHERE number = ?',
);
export const deleteNode = statement<[id: Buffer]>('DELETE FROM node WHERE id = ?');
export const insertForgottenNode = statement<[id: Buffer, number: number, forgottenMs: number]>(
  'INSERT INTO forgotten_node (id, number, forgotten_ms) VALUES (?, ?, ?)',
);
export const forgottenNodeById = statement<[id: Buffer], { number: number }>('SELECT number FROM forgotten_node WHERE id = ?');
/** Any one that is still to delete copies, as if it could. */
export const forgottenWithDoomed = statement<[], { number: number }>(
  'SELECT number FROM forgotten_node AS f WHERE EXISTS (SELECT 1 FROM doomed WHERE node = f.number) LIMIT 1',
);

export function nodeInfo(row: NodeRow): NodeInfo {
  return {
    nodeId: row.id.toString(),
    nodeNumber: row.number,
    address: row.address,
    host: row.host,
    zone: row.zone,
    state: row.state,
    stateSinceMs: row.state_since_ms,
    stateReason: row.state_reason,
    condition: row.condition,
    proven: row.proven === 1,
    boot: row.boot,
    capacityBytes: row.capacity,
    freeBytes: row.free,
    mark: row.mark_sequence === null || row.mark_digest === null ? null : { sequence: row.mark_sequence, digest: row.mark_digest },
  };
}
