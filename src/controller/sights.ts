import type { NodeSight } from '../model/node-sight.js';
import { copiesCount, isAlive } from '../model/node-state.js';
import type { NodeState } from '../model/node.js';
import type { ReplacedClaim } from './claim-history.js';
import type { Claim, KubeNode, Pod, StatefulSet } from './cluster-api.js';

/*
 * What Kubernetes shows of each datanode, as the master is told it. Pure. It is one of two signals: the master lays it
 * beside the heartbeats, and a node that it still hears is never down, whatever is said here.
 */

type SightReason =
  | 'PodReady'
  | 'PodStarting'
  | 'PodNotReady'
  | 'ContainerRestarted'
  | 'NodeNotReady'
  | 'PodTerminating'
  | 'PodStuckTerminating'
  | 'PodUnschedulable'
  | 'PodMissing'
  | 'PodScaledDown'
  | 'NodeDeleted'
  | 'NodeOutOfService'
  | 'ClaimDeleted'
  | 'ClaimLost'
  | 'ClaimReplaced'
  | 'VolumeReplaced';

/**
 * A look at one object that must confirm a loss: what a cache shows may be a minute old. `holds` gets null when there is
 * none of that name.
 */
export type Evidence =
  | { resource: 'nodes'; name: string; holds: (node: KubeNode | null) => boolean }
  | { resource: 'persistentvolumeclaims'; name: string; holds: (claim: Claim | null) => boolean };

export interface Sighting {
  address: string;
  podName: string;
  /** The machine of Kubernetes that the pod was given; null: none, or no pod. */
  machine: string | null;
  sight: NodeSight;
  reason: SightReason;
  /** For people: what exactly was seen. */
  note: string;
  /** Only with `lost`; null: the master's own answer is the proof. */
  evidence: Evidence | null;
}

/** A node of the store as the master last described it. */
export interface KnownNode {
  nodeId: string;
  address: string;
  state: NodeState;
  silentMs: number;
}

export interface Picture {
  /** Null: it is gone, as while it is created anew; then pods are judged by themselves. */
  statefulSet: StatefulSet | null;
  pods: readonly Pod[];
  claims: readonly Claim[];
  /** Null: nodes of Kubernetes may not be seen. */
  nodes: readonly KubeNode[] | null;
  /** Empty before the master's first answer: then nothing is known to be lost. */
  known: readonly KnownNode[];
  /** By the name of the claim: those whose data has not been given up yet. */
  replacedClaims: ReadonlyMap<string, ReplacedClaim>;
  wallMs: number;
}

export interface DatanodeNames {
  namespace: string;
  /** Of the StatefulSet and of its headless Service. */
  setName: string;
}

const datanodePort = 42101;
/** A pod that should have ended so long ago is not ending: past its grace period and the time to say so. */
const stuckAfterMs = 60_000;
const outOfService = 'node.kubernetes.io/out-of-service';

/** `not-ready` is what comes back by itself on the same volume; `absent` is what nothing says that of. By ordinal: what the StatefulSet wants, the pods that there are, and what the master has nodes of. */
export function sightingsOf(picture: Picture, names: DatanodeNames): Sighting[] {
  const { statefulSet, pods, known } = picture;
  const ordinals = new Set<number>();
  for (let ordinal = 0; ordinal < replicasOf(statefulSet); ordinal += 1) ordinals.add(ordinal);
  const pattern = new RegExp(`^(?:http://)?${names.setName}-(\\d{1,5})(?:\\.|$)`);
  for (const name of [...pods.map(({ metadata }) => metadata.name), ...known.map(({ address }) => address)]) {
    const ordinal = pattern.exec(name)?.[1];
    if (ordinal !== undefined) ordinals.add(Number(ordinal));
  }
  return [...ordinals].sort((a, b) => a - b).map((ordinal) => sightingOf(ordinal, picture, names));
}

export function addressOf(podName: string, { setName, namespace }: DatanodeNames): string {
  return `http://${podName}.${setName}.${namespace}.svc:${datanodePort}`;
}

/** 1 is what Kubernetes takes when it is told nothing. */
function replicasOf(statefulSet: StatefulSet | null): number {
  return statefulSet === null ? 0 : (statefulSet.spec.replicas ?? 1);
}

type Seen = Pick<Sighting, 'sight' | 'reason' | 'note'> & { evidence?: Evidence };

function sightingOf(ordinal: number, picture: Picture, names: DatanodeNames): Sighting {
  const podName = `${names.setName}-${ordinal}`;
  const address = addressOf(podName, names);
  const pod = picture.pods.find(({ metadata }) => metadata.name === podName) ?? null;
  const known = picture.known.filter((node) => node.address === address);
  const seen = seenOf({ ordinal, podName, pod, known }, picture);
  return { address, podName, machine: pod?.spec?.nodeName ?? null, evidence: null, ...seen };
}

interface Subject {
  ordinal: number;
  podName: string;
  pod: Pod | null;
  /** More than one: the volume of that address was replaced by another. */
  known: readonly KnownNode[];
}

function seenOf(subject: Subject, picture: Picture): Seen {
  const { pod, podName, ordinal } = subject;
  const replaced = replacedVolume(subject, picture);
  if (replaced !== null) return replaced;
  if (pod !== null && pod.metadata.deletionTimestamp === undefined && isReady(pod)) {
    return { sight: 'present', reason: 'PodReady', note: 'the pod is ready' };
  }
  const lost = fencedNode(pod, picture) ?? lostClaim(subject, picture);
  if (lost !== null) return lost;
  if (pod === null) {
    return picture.statefulSet !== null && ordinal >= replicasOf(picture.statefulSet)
      ? { sight: 'absent', reason: 'PodScaledDown', note: 'the StatefulSet has been scaled down and the pod is gone' }
      : { sight: 'absent', reason: 'PodMissing', note: `there is no pod ${podName}` };
  }
  return pod.metadata.deletionTimestamp === undefined ? unreadyPod(pod, picture) : terminatingPod(pod, picture);
}

function terminatingPod(pod: Pod, picture: Picture): Seen {
  const nodeName = pod.spec?.nodeName;
  if (nodeIsReady(nodeName, picture) === false) {
    return {
      sight: 'absent',
      reason: 'NodeNotReady',
      note: `the pod is terminating on machine ${nodeName}, which is not ready: nobody can say whether it still runs`,
    };
  }
  // the server writes the time by which the pod should be gone, not the time when it was asked to go
  const overdueMs = picture.wallMs - Date.parse(pod.metadata.deletionTimestamp ?? '');
  if (overdueMs > stuckAfterMs) {
    return {
      sight: 'absent',
      reason: 'PodStuckTerminating',
      note: `the pod should have ended ${Math.round(overdueMs / 1000)} s ago and has not`,
    };
  }
  return { sight: 'terminating', reason: 'PodTerminating', note: 'the pod was asked to stop' };
}

function unreadyPod(pod: Pod, picture: Picture): Seen {
  const nodeName = pod.spec?.nodeName;
  if (nodeName === undefined) {
    const scheduled = conditionOf(pod, 'PodScheduled');
    return scheduled?.status === 'False' && scheduled.reason === 'Unschedulable'
      ? { sight: 'absent', reason: 'PodUnschedulable', note: `the pod finds no machine: ${scheduled.message ?? 'no reason given'}` }
      : { sight: 'not-ready', reason: 'PodStarting', note: 'the pod waits for its machine' };
  }
  if (nodeIsReady(nodeName, picture) === false) {
    return pod.status?.phase === 'Unknown'
      ? { sight: 'absent', reason: 'NodeNotReady', note: `the state of the pod is unknown: machine ${nodeName} is not ready` }
      : { sight: 'not-ready', reason: 'NodeNotReady', note: `machine ${nodeName} is not ready` };
  }
  const restarted = pod.status?.containerStatuses?.find(({ ready, restartCount }) => !ready && restartCount > 0);
  if (restarted !== undefined) {
    const how = restarted.state?.waiting?.reason ?? restarted.state?.terminated?.reason ?? 'starting again';
    return {
      sight: 'not-ready',
      reason: 'ContainerRestarted',
      note: `container ${restarted.name} was restarted (${restarted.restartCount} times, ${how})`,
    };
  }
  if (pod.status?.phase === 'Running') return { sight: 'not-ready', reason: 'PodNotReady', note: 'the pod runs and is not ready' };
  const ended = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
  return {
    sight: 'not-ready',
    reason: ended ? 'PodNotReady' : 'PodStarting',
    note: ended ? `the pod ended (${pod.status?.reason ?? pod.status?.phase}) and will be replaced` : `the pod starts on ${nodeName}`,
  };
}

// ---- what is proof of a loss

/** The machine was taken out of the cluster, or an administrator has said that it is off and stays so. */
function fencedNode(pod: Pod | null, { nodes }: Picture): Seen | null {
  const nodeName = pod?.spec?.nodeName;
  if (nodes === null || nodeName === undefined) return null;
  const node = nodes.find(({ metadata }) => metadata.name === nodeName);
  if (node === undefined) {
    const evidence: Evidence = { resource: 'nodes', name: nodeName, holds: (found) => found === null };
    return { sight: 'lost', reason: 'NodeDeleted', note: `machine ${nodeName} was removed from Kubernetes`, evidence };
  }
  if (!isOutOfService(node)) return null;
  const evidence: Evidence = { resource: 'nodes', name: nodeName, holds: (found) => found !== null && isOutOfService(found) };
  return { sight: 'lost', reason: 'NodeOutOfService', note: `machine ${nodeName} has the taint ${outOfService}`, evidence };
}

/** A claim that is not there, has lost its volume, or has never had one cannot hold what the node had stored. */
function lostClaim({ podName, known }: Subject, { statefulSet, claims }: Picture): Seen | null {
  if (known.every(({ state }) => state === 'manual')) return null; // nothing was there to lose
  for (const template of statefulSet?.spec.volumeClaimTemplates ?? []) {
    const name = `${template.metadata.name}-${podName}`;
    const claim = claims.find(({ metadata }) => metadata.name === name);
    const phase = claim === undefined ? null : phaseOf(claim);
    if (phase === 'Bound') continue;
    const evidence: Evidence = {
      resource: 'persistentvolumeclaims',
      name,
      holds: (found) => (found === null ? null : phaseOf(found)) === phase,
    };
    if (phase === null) return { sight: 'lost', reason: 'ClaimDeleted', note: `claim ${name} was deleted`, evidence };
    if (phase === 'Lost') return { sight: 'lost', reason: 'ClaimLost', note: `claim ${name} has lost its volume`, evidence };
    return { sight: 'lost', reason: 'ClaimReplaced', note: `claim ${name} is new and has no volume yet`, evidence };
  }
  return null;
}

/**
 * Another volume stands where the node's was: under a claim of another uid, or empty under the same one, seen by the new
 * node id that answers at the old one's address. Said until the master has given up the old one, no longer: it is said by
 * address, so it would strike the new node as well when that falls silent.
 */
function replacedVolume({ podName, pod, known }: Subject, { statefulSet, replacedClaims }: Picture): Seen | null {
  const unsettled = known.filter(({ state }) => copiesCount(state));
  const [answering] = known.filter(({ state }) => isAlive(state)).sort((a, b) => a.silentMs - b.silentMs);
  const left = unsettled.find((node) => node !== answering);
  if (answering !== undefined && left !== undefined) {
    const note = `node ${answering.nodeId} answers with another volume at the address of ${left.nodeId}`;
    return { sight: 'lost', reason: 'VolumeReplaced', note };
  }
  for (const template of statefulSet?.spec.volumeClaimTemplates ?? []) {
    const name = `${template.metadata.name}-${podName}`;
    const replaced = replacedClaims.get(name);
    if (replaced === undefined || !unsettled.some((node) => replaced.nodeIds.has(node.nodeId) && !isBack(node, pod))) continue;
    return {
      sight: 'lost',
      reason: 'ClaimReplaced',
      note: `claim ${name} was deleted and is a new one now`,
      evidence: { resource: 'persistentvolumeclaims', name, holds: (found) => found?.metadata.uid !== replaced.uid },
    };
  }
  return null;
}

/** The same node answers from a ready pod: its data is on the new claim all the same. */
export function isBack(node: KnownNode, pod: Pod | null): boolean {
  return isAlive(node.state) && pod !== null && pod.metadata.deletionTimestamp === undefined && isReady(pod);
}

// ---- reading objects

/** Null: it cannot be known here. */
function nodeIsReady(nodeName: string | undefined, { nodes }: Picture): boolean | null {
  const node = nodes?.find(({ metadata }) => metadata.name === nodeName);
  if (node === undefined) return null;
  return node.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
}

function isOutOfService(node: KubeNode): boolean {
  return node.spec?.taints?.some(({ key }) => key === outOfService) ?? false;
}

function phaseOf(claim: Claim): string {
  return claim.status?.phase ?? 'Pending';
}

function conditionOf(pod: Pod, type: string) {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

function isReady(pod: Pod): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}
