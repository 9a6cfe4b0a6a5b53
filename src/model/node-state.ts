import { unreachable } from '../base/assert.js';
import type { NodeState, VolumeCondition } from './node.js';

/*
 * How a node's state changes (DESIGN section 5). Pure: the master brings what it heard or did not hear, and commits the
 * answer. live → suspect → down → repairing by silence; → returned → live by being heard and checked; → quarantined by a
 * fault of its disk, which only a person ends.
 */

export interface NodeDelays {
  suspectAfterMs: number;
  downAfterMs: number;
  /** From `down` to `repairing`: a restart must not start copying. */
  repairDelayMs: number;
  /** The same for a node that said it would stop. */
  plannedRepairDelayMs: number;
}

/** Whether the volume still holds the log that the master last heard of. `pending`: asked, not yet answered. */
export type LogProof = 'proven' | 'pending' | 'refuted';

export interface Heard {
  condition: VolumeCondition;
  proof: LogProof;
  /** A person has cleared the quarantine. */
  cleared: boolean;
}

/** A proven heartbeat came. */
export function stateWhenHeard(state: NodeState, heard: Heard): NodeState {
  // A volume that went back in time has lost chunks that metadata counts on it.
  if (heard.condition === 'quarantined' || heard.proof === 'refuted') return 'quarantined';
  switch (state) {
    // A quick restart never stopped counting, so a pending proof takes nothing from it.
    case 'manual':
    case 'live':
    case 'draining':
    case 'suspect':
      return stateOfOpenNode(heard.condition);
    case 'down':
    case 'repairing':
    case 'returned':
      return 'returned';
    case 'quarantined':
      return heard.cleared ? 'returned' : 'quarantined';
    default:
      return unreachable(state);
  }
}

/** The copies of a returned node have all been looked at. */
export function stateWhenChecked(state: NodeState, condition: VolumeCondition): NodeState {
  return state === 'returned' ? stateOfOpenNode(condition) : state;
}

function stateOfOpenNode(condition: VolumeCondition): NodeState {
  return condition === 'draining' ? 'draining' : 'live';
}

export interface Silence {
  silentMs: number;
  /** Its last word was that it drains. */
  planned: boolean;
}

/** Nothing was heard for a while. Never leads back: only being heard does. */
export function stateWhenSilent(state: NodeState, silence: Silence, delays: NodeDelays): NodeState {
  const { silentMs, planned } = silence;
  const repairAfterMs = delays.downAfterMs + (planned ? delays.plannedRepairDelayMs : delays.repairDelayMs);
  switch (state) {
    case 'manual':
    case 'quarantined':
    case 'repairing':
      return state;
    case 'live':
    case 'draining':
    case 'suspect':
    case 'down':
    case 'returned':
      if (silentMs >= repairAfterMs) return 'repairing';
      if (silentMs >= delays.downAfterMs || state === 'down') return 'down';
      // A node that is being checked takes no chunks and is read late already.
      if (silentMs >= delays.suspectAfterMs && state !== 'returned') return 'suspect';
      return state;
    default:
      return unreachable(state);
  }
}

/**
 * Whether a copy on such a node counts toward RF. `down` still does (its delay runs), and so does `returned`: what is
 * missing on it is found by the check and copied then.
 */
export function copiesCount(state: NodeState): boolean {
  switch (state) {
    case 'live':
    case 'draining':
    case 'suspect':
    case 'down':
    case 'returned':
      return true;
    case 'manual':
    case 'repairing':
    case 'quarantined':
      return false;
    default:
      return unreachable(state);
  }
}

/** Whether the master hears the node, so that orders reach it and its copies can be fetched. */
export function isAlive(state: NodeState): boolean {
  return state === 'live' || state === 'draining' || state === 'returned';
}

const readOrder: Record<NodeState, number> = {
  live: 0,
  draining: 1,
  returned: 2,
  suspect: 3,
  quarantined: 4,
  down: 5,
  repairing: 6,
  manual: 7,
};

/** Lower is asked first for a copy. */
export function readRank(state: NodeState): number {
  return readOrder[state];
}
