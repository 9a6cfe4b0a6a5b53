import type { NodeState } from '../../model/node.js';

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
  /** A heartbeat has proven its volume. */
  proven: boolean;
  /** The highest known; 0 for a manual row. */
  boot: number;
  capacityBytes: number;
  freeBytes: number;
  /** The last log position heard, which a returning volume must prove. */
  mark: { sequence: number; digest: string } | null;
}
