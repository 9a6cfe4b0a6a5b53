import { unreachable } from '../base/assert.js';
import type { NodeSight } from '../model/node-sight.js';
import type { NodeState } from '../model/node.js';
import type { KnownNode, Sighting } from './sights.js';

/** How a node stood, by both signals. */
export interface NodeStanding {
  state: NodeState;
  address: string;
  silentMs: number;
  /** Null: the address is none of this StatefulSet's. */
  sighting: Sighting | null;
}

/** A node stands otherwise than before: by its state, by what is seen of its pod, or by both. */
export interface NodeDecision {
  reason: string;
  type: 'Normal' | 'Warning';
  nodeId: string;
  podName: string | null;
  /** Its death is told of on the StatefulSet too. */
  isDeath: boolean;
  message: string;
  /** For the log. */
  facts: Record<string, string | number | null>;
}

const stateReasons: Record<NodeState, string> = {
  manual: 'DatanodeManual',
  live: 'DatanodeLive',
  draining: 'DatanodeDraining',
  suspect: 'DatanodeSuspect',
  down: 'DatanodeDown',
  repairing: 'DatanodeRepairing',
  returned: 'DatanodeReturned',
  quarantined: 'DatanodeQuarantined',
};
const grave: ReadonlySet<NodeState> = new Set(['down', 'repairing', 'quarantined']);
const graveSights: ReadonlySet<NodeSight> = new Set(['absent', 'lost']);

/** What the master says, laid beside what was reported to it. */
export function standingsOf(known: readonly KnownNode[], sightings: readonly Sighting[]): Map<string, NodeStanding> {
  const seen = new Map(sightings.map((sighting) => [sighting.address, sighting]));
  return new Map(
    known.map(({ nodeId, address, state, silentMs }) => [nodeId, { state, address, silentMs, sighting: seen.get(address) ?? null }]),
  );
}

/** What changed between two answers of the master. Pure. */
export function nodeDecisions(before: ReadonlyMap<string, NodeStanding>, after: ReadonlyMap<string, NodeStanding>): NodeDecision[] {
  const decisions: NodeDecision[] = [];
  for (const [nodeId, now] of after) {
    const old = before.get(nodeId) ?? null;
    if (old?.state === now.state && old.sighting?.sight === now.sighting?.sight && old.sighting?.reason === now.sighting?.reason) continue;
    decisions.push(decisionOf(nodeId, old, now));
  }
  return decisions;
}

function decisionOf(nodeId: string, old: NodeStanding | null, now: NodeStanding): NodeDecision {
  const { state, address, silentMs, sighting } = now;
  const sight = sighting?.sight ?? null;
  const reason = old === null ? 'DatanodeRegistered' : old.state === state ? (sighting?.reason ?? 'PodUnknown') : stateReasons[state];
  const isWarning = grave.has(state) || state === 'suspect' || (sight !== null && graveSights.has(sight));
  const heartbeat = `heard ${(silentMs / 1000).toFixed(1)} s ago`;
  const change = old === null ? `registered as ${state}` : old.state === state ? `stays ${state}` : `${old.state} → ${state}`;
  const pod = sighting === null ? 'nothing is known of its pod' : `${sighting.sight}, ${sighting.note}`;
  const way = wayOut(now);
  return {
    reason,
    type: isWarning ? 'Warning' : 'Normal',
    nodeId,
    podName: sighting?.podName ?? null,
    isDeath: grave.has(state) && old?.state !== state,
    message: `Node ${nodeId} ${change}. Heartbeat: ${heartbeat}. Kubernetes: ${pod}.${way === null ? '' : ` ${way}`}`,
    facts: {
      nodeId,
      address,
      oldState: old?.state ?? null,
      newState: state,
      silentMs,
      oldSight: old?.sighting?.sight ?? null,
      sight,
      sightReason: sighting?.reason ?? null,
      note: sighting?.note ?? null,
    },
  };
}

/** What a person can do next; null: nothing is needed. Nothing here takes a pod away from a machine that may still run it. */
function wayOut({ state, sighting }: NodeStanding): string | null {
  if (state === 'quarantined') return 'Look at its disk and its log, then: aether node clear NODE.';
  if (sighting === null || sighting.sight === 'present' || sighting.sight === 'terminating') return null;
  switch (sighting.reason) {
    case 'NodeNotReady':
      return (
        'If the machine comes back, do nothing. If it is off for good: ' +
        `kubectl taint nodes ${sighting.machine} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute ` +
        `(frees the pod and its volume; be sure that the machine is off), or kubectl delete node ${sighting.machine}. ` +
        'Do not delete the pod by force while its machine may still run.'
      );
    case 'PodStuckTerminating':
      return `See what holds it: kubectl describe pod ${sighting.podName}.`;
    case 'PodUnschedulable':
      return `See why: kubectl describe pod ${sighting.podName}. If its volume was on a machine that is gone for good: kubectl delete pvc CLAIM --wait=false && kubectl delete pod ${sighting.podName}.`;
    case 'NodeDeleted':
    case 'NodeOutOfService':
    case 'ClaimDeleted':
    case 'ClaimLost':
    case 'ClaimReplaced':
    case 'VolumeReplaced':
      return state === 'repairing' ? 'Its copies are made anew elsewhere; see aether status.' : null;
    case 'PodReady':
    case 'PodStarting':
    case 'PodNotReady':
    case 'ContainerRestarted':
    case 'PodTerminating':
    case 'PodMissing':
    case 'PodScaledDown':
      return null;
    default:
      return unreachable(sighting.reason);
  }
}
