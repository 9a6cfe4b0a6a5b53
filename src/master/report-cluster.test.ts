import { afterEach, describe, expect, it } from 'vitest';
import type { ManagedDatanode } from '../testing/managed-datanode.js';
import { MasterUnderTest } from '../testing/master-under-test.js';

/** Far more than it takes on a machine that has nothing else to do. */
const testMsMax = 60_000;
/** So late that only what the controller sees can lead there within a test. */
const never = 600_000;

let running: MasterUnderTest[] = [];
async function master(...args: Parameters<typeof MasterUnderTest.start>): Promise<MasterUnderTest> {
  const tested = await MasterUnderTest.start(...args);
  running.push(tested);
  return tested;
}

afterEach(async () => {
  for (const tested of running) await tested.close();
  running = [];
}, testMsMax);

/** Hears what `node` says at least so many times more. */
async function hear(tested: MasterUnderTest, node: ManagedDatanode, beats: number): Promise<void> {
  const from = node.answers.length;
  await tested.until('heartbeats', () => node.answers.length >= from + beats);
}

/** At the same address, so that the nodes find it again. */
async function restart(tested: MasterUnderTest): Promise<void> {
  const { port } = tested.master;
  await tested.master.stop();
  await tested.startMaster({ port });
}

describe('what a controller reports', { timeout: testMsMax }, () => {
  it('never makes a node down that is heard, and passes when it is seen present again', async () => {
    const tested = await master({ repairDelayMs: 0 });
    const node = await tested.addNode();
    for (const [sight, state] of [
      ['lost', 'suspect'],
      ['absent', 'suspect'],
      ['not-ready', 'suspect'],
      ['terminating', 'draining'],
    ] as const) {
      const { nodes } = await tested.report([[node, sight]]);
      expect(nodes).toMatchObject([{ nodeId: node.nodeId, address: node.address, host: 'host-0' }]);
      const from = node.answers.length;
      await hear(tested, node, 8); // longer than `suspectAfterMs`
      expect(new Set(node.answers.slice(from + 1).map((answer) => answer.state))).toEqual(new Set([state]));
    }
    await tested.report([[node, 'present']]);
    await hear(tested, node, 1);
    expect(await tested.stateOf(node)).toBe('live');
  });

  it('makes a node down as soon as it is silent for `suspectAfterMs` and absent', async () => {
    const tested = await master({ downAfterMs: never });
    const node = await tested.addNode();
    await node.kill();
    const { nodes } = await tested.report([[node, 'absent']]);
    expect(nodes[0]).toMatchObject({ state: 'suspect' });
    expect(nodes[0]!.silentMs).toBeLessThan(600);
    await tested.until('down', async () => (await tested.stateOf(node)) === 'down');
    const { nodes: after } = await tested.report([[node, 'absent']]);
    expect(after[0]!.silentMs).toBeGreaterThanOrEqual(600);
    const shown = (await (await fetch(`${tested.address}/api/nodes`)).json()) as { nodes: { sight: string; stateReason: string }[] };
    expect(shown.nodes[0]).toMatchObject({ sight: 'absent (a test says so)' });
    expect(shown.nodes[0]!.stateReason).toMatch(/^silent for 1 s, seen as absent \(a test says so\)$/);
  });

  it('makes the copies of a lost node anew on another without any delay', async () => {
    const tested = await master({ downAfterMs: never, repairDelayMs: never });
    const [a, b, c] = [await tested.addNode(), await tested.addNode(), await tested.addNode()];
    const id = await tested.putObject(await tested.createBucket('b'), 'k', [a, b, c]);
    const d = await tested.addNode();
    await c.kill();
    await tested.report([[c, 'lost']]);
    await tested.until('repairing', async () => (await tested.stateOf(c)) === 'repairing');
    await tested.until('a copy on the fourth node', () => d.chunks.has(id));
    await tested.until('the census knows', async () => {
      const { atRiskChunks, missingChunks } = await tested.report([[c, 'lost']]);
      return atRiskChunks === 0 && missingChunks === 0;
    });
  });

  it('counts no more once three reports did not come', async () => {
    const tested = await master({ downAfterMs: never, clusterReportMs: 50 });
    const node = await tested.addNode();
    await tested.report([[node, 'absent']]);
    await tested.until('live again', async () => (await tested.stateOf(node)) === 'live');
    await node.kill();
    await tested.until('suspect by silence alone', async () => (await tested.stateOf(node)) === 'suspect');
    await hear(tested, await tested.addNode(), 5);
    expect(await tested.stateOf(node)).toBe('suspect');
  });

  it('is refused from a controller that was followed by another, also after a restart of the master', async () => {
    const tested = await master();
    const node = await tested.addNode();
    await tested.report([[node, 'present']], { electionEpoch: 7 });
    const refused = { code: 'observer-stale', message: 'Election epoch 7 is known, this is 6.' };
    await expect(tested.report([[node, 'lost']], { electionEpoch: 6 })).rejects.toMatchObject(refused);
    await restart(tested);
    await expect(tested.report([[node, 'lost']], { electionEpoch: 6 })).rejects.toMatchObject(refused);
    await hear(tested, node, 2);
    expect(await tested.stateOf(node)).toBe('live');
    await tested.report([[node, 'present']], { electionEpoch: 7 });
    await tested.report([[node, 'present']], { electionEpoch: 8 });
    expect(await tested.electionEpoch()).toBe(8);
  });

  it('is taken from a controller alone', async () => {
    const tested = await master();
    const head = { electionEpoch: 1, holder: 'g', hosts: [], nodes: [] };
    await expect(tested.ask('reportCluster', head)).rejects.toMatchObject({ code: 'peer-unproven' });
    await expect(tested.ask('getElection', {})).rejects.toMatchObject({ code: 'peer-unproven' });
  });

  it('gives a node the zone of its machine, which stays over a restart of the master; its own word wins', async () => {
    const tested = await master();
    const [a, b] = [await tested.addNode(), await tested.addNode({ zone: 'own' })];
    const hosts = [
      { host: 'host-0', zone: 'z0' },
      { host: 'host-1', zone: 'z1' },
    ];
    await tested.report([], { hosts });
    await hear(tested, a, 2);
    const zones = async (): Promise<(string | undefined)[]> => {
      const { nodes } = await tested.ask('getView', {});
      return [a, b].map((node) => nodes.find((each) => each.nodeId === node.nodeId)?.zone);
    };
    expect(await zones()).toEqual(['z0', 'own']);
    await restart(tested);
    await hear(tested, a, 2);
    expect(await zones()).toEqual(['z0', 'own']);
    await tested.report([], { hosts: [{ host: 'host-0', zone: null }] });
    await hear(tested, a, 2);
    expect(await zones()).toEqual(['', 'own']);
  });
});
