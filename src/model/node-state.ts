import { unreachable } from '../base/assert.js';
import type { NodeSight } from './node-sight.js';
import type { NodeState, VolumeCondition } from './node.js';

/*
 * How a node's state changes (DESIGN section 5). Pure: the master brings what it heard or did not hear, and commits the
 * answer. live → suspect → down → repairing by silence; → returned → live by being heard and checked; → quarantined by a
 * fault of its disk, which only a person ends.
 *
 * Two signals: heartbeats, and in Kubernetes what the controller sees of the pod. A node that is heard is never down,
 * whatever the API says: the API alone leads to `draining` or `suspect`. Both together lead on without more waiting.
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
  /** Null: nobody looks, or the last look is too old to count. */
  sight: NodeSight | null;
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
      return standing(heard.condition, heard.sight);
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
  return state === 'returned' ? standing(condition, null) : state;
}

type Standing = 'live' | 'draining' | 'suspect';

/** Of a node that is heard, and whose volume is sound. */
function standing(condition: VolumeCondition, sight: NodeSight | null): Standing {
  if (sight === 'absent' || sight === 'lost') return 'suspect';
  // A node that drains is not Ready on purpose.
  if (condition === 'draining' || sight === 'terminating') return 'draining';
  return sight === 'not-ready' ? 'suspect' : 'live';
}

const gravity: Record<Standing, number> = { live: 0, draining: 1, suspect: 2 };

export interface Silence {
  silentMs: number;
  /** Its last word of its volume. */
  condition: VolumeCondition;
  /** Null: nobody looks, or the last look is too old to count. */
  sight: NodeSight | null;
}

/** Nothing was heard for a while, or the controller saw something. Never leads back: only being heard does. */
export function stateWhenSilent(state: NodeState, silence: Silence, delays: NodeDelays): NodeState {
  const { silentMs, condition, sight } = silence;
  const isSilent = silentMs >= delays.suspectAfterMs;
  const planned = condition === 'draining' || sight === 'terminating';
  const downAfterMs = sight === 'absent' ? delays.suspectAfterMs : delays.downAfterMs;
  const repairAfterMs = downAfterMs + (planned ? delays.plannedRepairDelayMs : delays.repairDelayMs);
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
      if (silentMs >= repairAfterMs || (isSilent && sight === 'lost')) return 'repairing';
      if (silentMs >= downAfterMs || state === 'down') return 'down';
      // A node that is being checked takes no chunks and is read late already.
      if (state === 'returned') return state;
      return isSilent ? 'suspect' : graver(state, standing(condition, sight));
    default:
      return unreachable(state);
  }
}

function graver(a: Standing, b: Standing): Standing {
  return gravity[a] > gravity[b] ? a : b;
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

/** Whether copies on nodes in these states are enough to give up another, which is said to be lost: RF of them are heard. */
export function copiesSuffice(states: readonly NodeState[], replicationFactor: number): boolean {
  return states.filter((state) => state === 'live' || state === 'draining').length >= replicationFactor;
}

/**
 * Why a node is not forgotten although a person says that it is lost for good, with what to do instead; null: it may be.
 * Nothing else leads there: silence never does.
 */
export function whyNotForgotten(state: NodeState, silentMs: number, delays: Pick<NodeDelays, 'downAfterMs'>): string | null {
  switch (state) {
    case 'manual':
      return null;
    case 'repairing':
    case 'quarantined': {
      if (silentMs >= delays.downAfterMs) return null;
      const [silentS, wantedS] = [Math.floor(silentMs / 1000), Math.ceil(delays.downAfterMs / 1000)];
      return `The node is ${state}, and this master has heard nothing of it for ${silentS} s only: stop it, and ask again after ${wantedS} s of silence.`;
    }
    case 'down':
      return 'The node is down, and its copies still count: ask again when it is repairing and they have been made anew elsewhere.';
    case 'live':
    case 'draining':
    case 'suspect':
    case 'returned':
      return `The node is ${state} and may still serve: stop it for good, and ask again when it is repairing and its copies have been made anew elsewhere.`;
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
