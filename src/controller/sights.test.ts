import { describe, expect, it } from 'vitest';
import type { NodeState } from '../model/node.js';
import type { Claim, KubeNode, Pod } from './cluster-api.js';
import { addressOf, sightingsOf, type KnownNode, type Picture, type Sighting } from './sights.js';

const names = { namespace: 'store', setName: 'aetherstore-datanode' };
const podName = 'aetherstore-datanode-0';
const claimName = `data-${podName}`;
const address = addressOf(podName, names);
const wallMs = Date.parse('2026-01-01T00:10:00Z');

const meta = (name: string, changes: Partial<Pod['metadata']> = {}) => ({ name, uid: `uid of ${name}`, resourceVersion: '1', ...changes });

function podOf(
  changes: { ready?: boolean; metadata?: Partial<Pod['metadata']>; nodeName?: string | null; status?: Pod['status'] } = {},
): Pod {
  const { ready = true, metadata = {}, nodeName = 'machine-0', status = {} } = changes;
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' } as const];
  return {
    metadata: meta(podName, metadata),
    spec: nodeName === null ? {} : { nodeName },
    status: { phase: 'Running', conditions, ...status },
  };
}

function machine(ready: 'True' | 'False' | 'Unknown', spec: KubeNode['spec'] = {}): KubeNode {
  return { metadata: meta('machine-0'), spec, status: { conditions: [{ type: 'Ready', status: ready }] } };
}

function claimOf(phase: 'Pending' | 'Bound' | 'Lost', uid = 'claim-1'): Claim {
  return { metadata: meta(claimName, { uid }), spec: {}, status: { phase } };
}

function knownNode(state: NodeState, changes: Partial<KnownNode> = {}): KnownNode {
  return { nodeId: 'node-a', address, state, silentMs: 1000, ...changes };
}

function pictureOf(changes: Partial<Picture> = {}): Picture {
  return {
    statefulSet: {
      metadata: meta(names.setName),
      spec: { replicas: 1, selector: {}, volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }] },
    },
    pods: [podOf()],
    claims: [claimOf('Bound')],
    nodes: [machine('True')],
    known: [knownNode('live')],
    replacedClaims: new Map(),
    wallMs,
    ...changes,
  };
}

function seen(changes: Partial<Picture>): Sighting {
  const sightings = sightingsOf(pictureOf(changes), names);
  expect(sightings).toHaveLength(1);
  return sightings[0]!;
}

const terminating = { deletionTimestamp: '2026-01-01T00:10:30Z' };
const overdue = { deletionTimestamp: '2026-01-01T00:08:00Z' };
const restarted: Pod['status'] = {
  containerStatuses: [{ name: 'datanode', ready: false, restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
};
const unschedulable: Pod['status'] = {
  phase: 'Pending',
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' }],
};
const replaced = { uid: 'claim-1', nodeIds: new Set(['node-a']) };
const outOfService = { taints: [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }] };

describe('pod restart or node loss', () => {
  const table: [string, Partial<Picture>, Sighting['sight'], Sighting['reason']][] = [
    ['a ready pod', {}, 'present', 'PodReady'],
    ['a container restarted in the same pod', { pods: [podOf({ ready: false, status: restarted })] }, 'not-ready', 'ContainerRestarted'],
    ['a running pod that is not ready', { pods: [podOf({ ready: false })] }, 'not-ready', 'PodNotReady'],
    [
      'a pod deleted, a new one with the same claim on another machine',
      { pods: [podOf({ ready: false, metadata: { uid: 'pod-2' }, status: { phase: 'Pending' } })] },
      'not-ready',
      'PodStarting',
    ],
    [
      'the same before it has a machine',
      { pods: [podOf({ ready: false, nodeName: null, status: { phase: 'Pending' } })] },
      'not-ready',
      'PodStarting',
    ],
    ['a new pod that is ready again', { pods: [podOf({ metadata: { uid: 'pod-2' } })] }, 'present', 'PodReady'],
    ['a terminating pod on a ready machine', { pods: [podOf({ metadata: terminating })] }, 'terminating', 'PodTerminating'],
    [
      'a terminating pod on a machine that is not ready',
      { pods: [podOf({ metadata: terminating })], nodes: [machine('False')] },
      'absent',
      'NodeNotReady',
    ],
    [
      'a terminating pod on a machine of which nothing is heard',
      { pods: [podOf({ ready: false, metadata: terminating })], nodes: [machine('Unknown')] },
      'absent',
      'NodeNotReady',
    ],
    [
      'a pod that is not terminating yet on a machine that is not ready',
      { pods: [podOf({ ready: false })], nodes: [machine('Unknown')] },
      'not-ready',
      'NodeNotReady',
    ],
    [
      'a pod of unknown phase on a machine that is not ready',
      { pods: [podOf({ ready: false, status: { phase: 'Unknown' } })], nodes: [machine('Unknown')] },
      'absent',
      'NodeNotReady',
    ],
    ['a pod that should have ended long ago', { pods: [podOf({ metadata: overdue })] }, 'absent', 'PodStuckTerminating'],
    ['the same where machines may not be seen', { pods: [podOf({ metadata: overdue })], nodes: null }, 'absent', 'PodStuckTerminating'],
    [
      'a terminating pod where machines may not be seen',
      { pods: [podOf({ metadata: terminating })], nodes: null },
      'terminating',
      'PodTerminating',
    ],
    ['a machine that was deleted', { pods: [podOf({ ready: false })], nodes: [] }, 'lost', 'NodeDeleted'],
    ['the same with a terminating pod', { pods: [podOf({ ready: false, metadata: terminating })], nodes: [] }, 'lost', 'NodeDeleted'],
    [
      'a machine declared out of service',
      { pods: [podOf({ ready: false, metadata: terminating })], nodes: [machine('Unknown', outOfService)] },
      'lost',
      'NodeOutOfService',
    ],
    ['a ready pod whose machine has not been seen yet', { nodes: [] }, 'present', 'PodReady'],
    ['no pod', { pods: [] }, 'absent', 'PodMissing'],
    [
      'a pod that finds no machine',
      { pods: [podOf({ ready: false, nodeName: null, status: unschedulable })] },
      'absent',
      'PodUnschedulable',
    ],
    [
      'a pod that was evicted',
      { pods: [podOf({ ready: false, status: { phase: 'Failed', reason: 'Evicted' } })] },
      'not-ready',
      'PodNotReady',
    ],
    ['a claim deleted and the pod gone', { pods: [], claims: [] }, 'lost', 'ClaimDeleted'],
    ['a claim that lost its volume', { pods: [podOf({ ready: false })], claims: [claimOf('Lost')] }, 'lost', 'ClaimLost'],
    [
      'a new claim without a volume',
      { pods: [podOf({ ready: false, nodeName: null })], claims: [claimOf('Pending')] },
      'lost',
      'ClaimReplaced',
    ],
    [
      'a claim of another uid',
      {
        pods: [podOf({ ready: false })],
        claims: [claimOf('Bound', 'claim-2')],
        known: [knownNode('suspect')],
        replacedClaims: new Map([[claimName, replaced]]),
      },
      'lost',
      'ClaimReplaced',
    ],
    [
      'a claim of another uid, after the master has given the old volume up',
      { pods: [podOf({ ready: false })], known: [knownNode('repairing')], replacedClaims: new Map([[claimName, replaced]]) },
      'not-ready',
      'PodNotReady',
    ],
    [
      'a claim of another uid that holds the same node all the same',
      { known: [knownNode('live')], replacedClaims: new Map([[claimName, replaced]]) },
      'present',
      'PodReady',
    ],
    [
      'a fresh node id at the address of an older one',
      { known: [knownNode('suspect', { silentMs: 20_000 }), knownNode('live', { nodeId: 'node-b', silentMs: 10 })] },
      'lost',
      'VolumeReplaced',
    ],
    [
      'the same after the older one was given up',
      { known: [knownNode('repairing', { silentMs: 20_000 }), knownNode('live', { nodeId: 'node-b', silentMs: 10 })] },
      'present',
      'PodReady',
    ],
    [
      'a pod of a scale-up that has no address yet',
      { pods: [podOf({ ready: false, nodeName: null, status: { phase: 'Pending' } })], known: [], claims: [] },
      'not-ready',
      'PodStarting',
    ],
    [
      'a pod of a scale-up whose claim has no volume yet',
      { pods: [podOf({ ready: false, status: { phase: 'Pending' } })], known: [], claims: [claimOf('Pending')] },
      'not-ready',
      'PodStarting',
    ],
    [
      'a terminating claim that the pod still uses',
      { claims: [{ ...claimOf('Bound'), metadata: meta(claimName, terminating) }] },
      'present',
      'PodReady',
    ],
  ];

  it.each(table)('%s', (_what, picture, sight, reason) => {
    expect(seen(picture)).toMatchObject({ address, podName, sight, reason });
  });

  it('every loss but the one that the master itself shows names an object that must confirm it', () => {
    for (const [what, picture, sight, reason] of table) {
      const { evidence } = seen(picture);
      expect(evidence !== null, what).toBe(sight === 'lost' && reason !== 'VolumeReplaced');
    }
  });

  it('a loss is not confirmed by an object that shows otherwise', () => {
    const deleted = seen({ pods: [podOf({ ready: false })], nodes: [] }).evidence!;
    const fenced = seen({ pods: [podOf({ ready: false })], nodes: [machine('Unknown', outOfService)] }).evidence!;
    const gone = seen({ pods: [], claims: [] }).evidence!;
    const lost = seen({ pods: [], claims: [claimOf('Lost')] }).evidence!;
    if (deleted.resource !== 'nodes' || fenced.resource !== 'nodes') throw new Error('the evidence is a machine');
    if (gone.resource === 'nodes' || lost.resource === 'nodes') throw new Error('the evidence is a claim');
    expect([deleted.holds(null), deleted.holds(machine('Unknown'))]).toEqual([true, false]);
    expect([fenced.holds(machine('True', outOfService)), fenced.holds(machine('True')), fenced.holds(null)]).toEqual([true, false, false]);
    expect([gone.holds(null), gone.holds(claimOf('Bound'))]).toEqual([true, false]);
    expect([lost.holds(claimOf('Lost')), lost.holds(claimOf('Bound')), lost.holds(null)]).toEqual([true, false, false]);
  });
});

describe('which nodes are told of', () => {
  it('those that the StatefulSet wants, those that have a pod, and those that the master knows', () => {
    const picture = pictureOf({
      statefulSet: { metadata: meta(names.setName), spec: { replicas: 2, selector: {} } },
      pods: [
        podOf(),
        { ...podOf(), metadata: meta('aetherstore-datanode-3') },
        { ...podOf(), metadata: meta('other-aetherstore-datanode-7') },
      ],
      known: [
        knownNode('live', { address: addressOf('aetherstore-datanode-5', names) }),
        knownNode('live', { address: 'http://elsewhere:42101' }),
      ],
    });
    expect(sightingsOf(picture, names).map(({ podName: name, reason }) => [name, reason])).toEqual([
      ['aetherstore-datanode-0', 'PodReady'],
      ['aetherstore-datanode-1', 'PodMissing'],
      ['aetherstore-datanode-3', 'PodReady'],
      ['aetherstore-datanode-5', 'PodScaledDown'],
    ]);
  });

  it('while the StatefulSet is away nothing is missing', () => {
    expect(seen({ statefulSet: null })).toMatchObject({ sight: 'present' });
    expect(sightingsOf(pictureOf({ statefulSet: null, pods: [], known: [] }), names)).toEqual([]);
  });
});
