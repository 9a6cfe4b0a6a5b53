import { afterEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../base/random.js';
import { StartRefused } from '../base/start-refused.js';
import { must } from '../base/must.js';
import { Refusal } from '../model/refusal.js';
import type { ManagedDatanode } from '../testing/managed-datanode.js';
import { MasterUnderTest } from '../testing/master-under-test.js';

/** Far more than it takes on a machine that has nothing else to do. */
const testMsMax = 60_000;

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

async function threeNodes(tested: MasterUnderTest): Promise<[ManagedDatanode, ManagedDatanode, ManagedDatanode]> {
  return [await tested.addNode(), await tested.addNode(), await tested.addNode()];
}

async function holdersOf(tested: MasterUnderTest, chunkId: string): Promise<string[]> {
  const response = await fetch(`${tested.address}/api/explain?object=${chunkId}`);
  const { chunks } = (await response.json()) as { chunks: { copies: { nodeId: string }[] }[] };
  return chunks[0]!.copies.map((copy) => copy.nodeId).sort();
}

const idsOf = (...nodes: ManagedDatanode[]): string[] => nodes.map((node) => node.nodeId).sort();

describe('registration', { timeout: testMsMax }, () => {
  it('makes a node live at its first heartbeat, adopts its volume and shows it in a newer view', async () => {
    const tested = await master();
    const before = await tested.ask('getView', {});
    const node = await tested.addNode({ zone: 'z1' });
    const after = await tested.ask('getView', {});
    expect(after.number.n).toBeGreaterThan(before.number.n);
    expect(after.nodes).toMatchObject([{ nodeId: node.nodeId, state: 'live', writable: true, host: 'host-0', zone: 'z1' }]);
    expect(node.clusterId).toBe(tested.master.clusterId);
    expect(node.reign?.epoch).toBe(after.number.epoch);
  });

  it('refuses a volume of another cluster', async () => {
    const tested = await master();
    const node = await tested.addNode();
    node.clusterId = systemRandom.uuidV4();
    await expect(node.beat()).rejects.toMatchObject({ code: 'cluster-foreign' });
  });

  it('refuses an earlier boot of a volume, also after a restart of the master', async () => {
    const tested = await master();
    const node = await tested.addNode();
    await node.kill();
    await node.start();
    await node.kill();
    await tested.master.stop();
    await tested.startMaster();
    node.boot = 1;
    await expect(node.startSameBoot()).rejects.toMatchObject({ code: 'boot-stale' });
  });

  it('refuses both of two processes that show the same boot', async () => {
    const tested = await master();
    const node = await tested.addNode();
    const clone = await tested.addNode({ nodeId: node.nodeId, host: 'elsewhere' }).catch((error: unknown) => error);
    expect(clone).toMatchObject({ code: 'boot-stale' });
    await expect(node.beat()).rejects.toBeInstanceOf(Refusal);
  });

  it('begins a higher reign at each start, and keeps its nodes', async () => {
    const tested = await master();
    const node = await tested.addNode();
    const before = await tested.ask('getView', {});
    await tested.master.stop();
    await tested.startMaster();
    const after = await tested.ask('getView', {});
    expect(after.number.epoch).toBe(before.number.epoch + 1);
    expect(after.clusterId).toBe(before.clusterId);
    expect(after.nodes.map((each) => each.nodeId)).toEqual([node.nodeId]);
  });

  it('keeps its folder to itself until it has stopped', async () => {
    const tested = await master();
    await expect(tested.startMaster()).rejects.toThrow('stop the other master on this folder first');
    await tested.master.stop();
    await tested.startMaster();
    expect((await tested.ask('getView', {})).number.epoch).toBe(2);
  });

  it('does not start on the database of another cluster, and says so in words', async () => {
    const tested = await master();
    await tested.master.stop();
    const started = tested.startMaster({ clusterId: systemRandom.uuidV4() });
    await expect(started).rejects.toThrow(StartRefused);
    await expect(started).rejects.toThrow(
      /^this database belongs to the cluster [-0-9a-f]{36}, the cluster secret to [-0-9a-f]{36}; one of the two is the wrong file$/,
    );
  });

  it('is fenced by a node that obeys a higher reign, and starts again only to take over', async () => {
    const tested = await master();
    const node = await tested.addNode();
    const epoch = must(node.reign, 'a reign').epoch + 5;
    node.reign = { epoch, id: systemRandom.uuidV4() };
    await expect(node.beat()).rejects.toMatchObject({ code: 'reign-stale' });
    await expect(tested.master.failed).resolves.toMatchObject({ exitCode: 70 });
    await expect(tested.ask('getView', {})).rejects.toMatchObject({ code: 'reign-stale' });
    await node.kill();
    await tested.master.stop();
    await expect(tested.startMaster()).rejects.toThrow('--take-over');
    await tested.startMaster({ takeOver: true });
    expect((await tested.ask('getView', {})).number.epoch).toBe(epoch + 1);
  });
});

describe('a node that dies', { timeout: testMsMax }, () => {
  it('is suspect, down, then repaired onto a fourth node, and not before', async () => {
    const tested = await master();
    const [a, b, c] = await threeNodes(tested);
    const bucket = await tested.createBucket('b');
    const id = await tested.putObject(bucket, 'k', [a, b, c]);
    await c.kill();
    await tested.until('suspect', async () => (await tested.stateOf(c)) === 'suspect');
    await tested.until('down', async () => (await tested.stateOf(c)) === 'down');
    const d = await tested.addNode();
    await tested.until('repairing', async () => (await tested.stateOf(c)) === 'repairing');
    await tested.until('a third living copy', async () => (await holdersOf(tested, id)).includes(d.nodeId));
    expect(d.chunks.get(id)?.bytes.equals(a.chunks.get(id)!.bytes)).toBe(true);
    expect(d.ordered.filter((order) => order.kind === 'copy')).toHaveLength(1);
  });

  it('is checked when it returns, and what it lost is copied to it again', async () => {
    const tested = await master();
    const [a, b, c] = await threeNodes(tested);
    const bucket = await tested.createBucket('b');
    const kept = await tested.putObject(bucket, 'kept', [a, b, c]);
    const lost = await tested.putObject(bucket, 'lost', [a, b, c]);
    await c.kill();
    await tested.until('repairing', async () => (await tested.stateOf(c)) === 'repairing');
    c.chunks.delete(lost);
    await c.start();
    await tested.until('live', async () => (await tested.stateOf(c)) === 'live');
    expect(c.ordered.filter((order) => order.kind === 'verify').map((order) => order.id).sort()).toEqual([kept, lost].sort()); // prettier-ignore
    await tested.until('whole again', () => c.chunks.has(lost));
    await tested.until('recorded', async () => (await holdersOf(tested, lost)).length === 3);
    expect(c.ordered.filter((order) => order.kind === 'copy').map((order) => order.id)).toEqual([lost]);
    expect(await holdersOf(tested, kept)).toEqual(idsOf(a, b, c));
  });

  it('is not judged by a master that has just started', async () => {
    const tested = await master({ startGraceMs: 60_000 });
    const node = await tested.addNode();
    await node.kill();
    const looksMs = 1800; // beyond downAfterMs
    await new Promise((resolve) => setTimeout(resolve, looksMs));
    expect(await tested.stateOf(node)).toBe('live');
  });
});

describe('a volume that cannot be trusted', { timeout: testMsMax }, () => {
  it('is quarantined when its log is shorter than the one that was heard', async () => {
    const tested = await master();
    const [a, b, c] = await threeNodes(tested);
    const id = await tested.putObject(await tested.createBucket('b'), 'k', [a, b, c]);
    await c.beat();
    const d = await tested.addNode();
    await c.kill();
    await c.start(); // proves its log and leaves a mark
    await tested.until('proven', () => c.answers.at(-1)?.proveSequence === null);
    await c.kill();
    c.turnBack(1);
    await c.start();
    await tested.until('quarantined', async () => (await tested.stateOf(c)) === 'quarantined');
    await tested.until('a copy elsewhere', () => d.chunks.has(id));
    expect(await holdersOf(tested, id)).toContain(c.nodeId); // recorded still, and read last
  });

  it('is quarantined when it lacks a record that only a heartbeat had told of', async () => {
    const tested = await master();
    const node = await tested.addNode(); // leaves the mark of its first heartbeat
    node.store(Buffer.from('x'), { id: systemRandom.uuidV4(), kind: 'chunk', generation: 0 });
    await node.beat();
    await node.kill();
    node.turnBack(1);
    await node.start();
    await tested.until('quarantined', async () => (await tested.stateOf(node)) === 'quarantined');
  });

  it('is quarantined when its log has the same length and another content', async () => {
    const tested = await master();
    const node = await tested.addNode();
    node.store(Buffer.from('x'), { id: systemRandom.uuidV4(), kind: 'chunk', generation: 0 });
    await node.kill();
    node.rewriteHistory();
    await node.start();
    await tested.until('quarantined', async () => (await tested.stateOf(node)) === 'quarantined');
  });

  it('is quarantined by a disk fault, also over a restart of the master, until a person clears it', async () => {
    const tested = await master();
    const node = await tested.addNode();
    await node.client.call('diskFault', { nodeId: node.nodeId, boot: node.boot, reason: 'EIO' }, { timeoutMs: 5000 });
    expect(await tested.stateOf(node)).toBe('quarantined');
    await node.kill();
    await tested.master.stop();
    await tested.startMaster();
    node.condition = 'quarantined';
    await node.start();
    expect(await tested.stateOf(node)).toBe('quarantined');
    const cleared = await fetch(`${tested.address}/api/nodes/${node.nodeId}/clear`, { method: 'POST' });
    expect(cleared.status).toBe(200);
    await tested.until('live', async () => (await tested.stateOf(node)) === 'live');
    expect(node.ordered.map((order) => order.kind)).toContain('clear');
  });
});

describe('copies that are short', { timeout: testMsMax }, () => {
  it('are made anew when a commit had fewer receipts than wanted', async () => {
    const tested = await master();
    const [a, b, c] = await threeNodes(tested);
    const id = await tested.putObject(await tested.createBucket('b'), 'k', [a, b]);
    await tested.until('a third copy', () => c.chunks.has(id));
    await tested.until('recorded', async () => (await holdersOf(tested, id)).length === 3);
  });

  it('are not made while the commit is young, and a late receipt ends the need', async () => {
    const tested = await master({ repairYoungMs: 60_000 });
    const [a, b, c] = await threeNodes(tested);
    const id = await tested.putObject(await tested.createBucket('b'), 'k', [a, b]);
    const { lengthBytes, crc32c } = must(a.chunks.get(id), 'the chunk');
    const looksMs = 500; // several rounds of repair
    await new Promise((resolve) => setTimeout(resolve, looksMs));
    expect(c.ordered).toEqual([]);
    await tested.ask('addReplicas', { chunks: [{ id, lengthBytes, crc32c, nodeIds: [c.nodeId] }] });
    expect(await holdersOf(tested, id)).toEqual(idsOf(a, b, c));
  });

  it('are made anew when a reader reports damage and the node confirms it', async () => {
    const tested = await master();
    const [a, b, c] = await threeNodes(tested);
    const id = await tested.putObject(await tested.createBucket('b'), 'k', [a, b, c]);
    must(c.chunks.get(id), 'the chunk').bytes.fill(0);
    await tested.ask('reportReplica', { id, nodeId: c.nodeId, problem: 'damaged' });
    await tested.until('sound again', () => c.chunks.get(id)?.bytes.equals(a.chunks.get(id)!.bytes) === true);
    await tested.until('recorded', async () => (await holdersOf(tested, id)).length === 3);
  });

  it('stay when a reader reports damage and the node finds none', async () => {
    const tested = await master();
    const [a, b, c] = await threeNodes(tested);
    const id = await tested.putObject(await tested.createBucket('b'), 'k', [a, b, c]);
    await tested.ask('reportReplica', { id, nodeId: c.nodeId, problem: 'damaged' });
    await tested.until('a check', () => c.ordered.some((order) => order.kind === 'verify' && order.deep));
    expect(await holdersOf(tested, id)).toEqual(idsOf(a, b, c));
  });

  it('stay on record when they are damaged and the last, and people are told so', async () => {
    const tested = await master();
    const [a, b, c] = await threeNodes(tested);
    const id = await tested.putObject(await tested.createBucket('b'), 'k', [a, b, c]);
    for (const node of [a, b, c]) must(node.chunks.get(id), 'the chunk').bytes.fill(0);
    for (const node of [a, b, c]) await tested.ask('reportReplica', { id, nodeId: node.nodeId, problem: 'damaged' });
    const explain = async () =>
      (await (await fetch(`${tested.address}/api/explain?object=${id}`)).json()) as { words: string; chunks: { copies: unknown[] }[] };
    await tested.until('it is said', async () => (await explain()).words.includes('the only copy on record is damaged'));
    expect((await explain()).chunks[0]!.copies).toHaveLength(1);
    const status = (await (await fetch(`${tested.address}/api/status`)).json()) as { verdict: string };
    expect(status.verdict).toBe('data-missing');
  });

  it('are tried ever more seldom while no node can make one', async () => {
    const tested = await master();
    const [a, b, c] = await threeNodes(tested);
    let tries = 0;
    c.outcomeOf = (order) => {
      if (order.kind !== 'copy') return null;
      tries += 1;
      return 'unreachable';
    };
    await tested.putObject(await tested.createBucket('b'), 'k', [a, b]);
    const looksMs = 2500; // 25 rounds of repair, 100 + 200 + 400 + 800 + 1600 ms of waits
    await new Promise((resolve) => setTimeout(resolve, looksMs));
    expect(tries).toBeGreaterThan(1);
    expect(tries).toBeLessThan(7);
  });

  it('made of a chunk that was deleted meanwhile are owed a delete, and go', async () => {
    const tested = await master();
    const [a, b, c] = await threeNodes(tested);
    const bucket = await tested.createBucket('b');
    c.outcomeOf = async (order) => {
      if (order.kind !== 'copy') return null;
      const { bytes } = must(a.chunks.get(order.id), 'the source');
      await tested.ask('deleteObjects', { attempt: tested.newAttempt(), ...bucket, keys: [{ key: 'k', ifMatch: null }] });
      await tested.until('gone', () => !a.chunks.has(order.id) && !b.chunks.has(order.id));
      c.store(bytes, { id: order.id, kind: order.chunkKind, generation: order.generation });
      return 'done';
    };
    const id = await tested.putObject(bucket, 'k', [a, b]);
    await tested.until('a copy', () => c.chunks.has(id));
    await tested.until('deleted', () => !c.chunks.has(id));
    await tested.until('confirmed', async () => {
      const status = (await (await fetch(`${tested.address}/api/status`)).json()) as { counts: Record<string, number> };
      return status.counts['doomed'] === 0;
    });
    expect(c.ordered.map((order) => order.kind)).toEqual(['copy', 'delete']);
  });

  it('are ordered again when a node fails to make one', async () => {
    const tested = await master();
    const [a, b, c] = await threeNodes(tested);
    let failures = 0;
    c.outcomeOf = (order) => (order.kind === 'copy' && failures++ < 2 ? 'failed' : null);
    const id = await tested.putObject(await tested.createBucket('b'), 'k', [a, b]);
    await tested.until('a third copy', () => c.chunks.has(id));
    expect(failures).toBeGreaterThan(2);
  });
});

describe('garbage', { timeout: testMsMax }, () => {
  it('is deleted from the nodes, also when the master ends between the order and its confirmation', async () => {
    const tested = await master();
    const nodes = await threeNodes(tested);
    const bucket = await tested.createBucket('b');
    const id = await tested.putObject(bucket, 'k', nodes);
    for (const node of nodes) node.ignoresOrders = true;
    await tested.ask('deleteObjects', { attempt: tested.newAttempt(), ...bucket, keys: [{ key: 'k', ifMatch: null }] });
    await tested.until('orders', () => nodes.every((node) => node.ordered.some((order) => order.kind === 'delete' && order.id === id)));
    expect(nodes.every((node) => node.chunks.has(id))).toBe(true); // ordered, and not done

    for (const node of nodes) await node.kill();
    await tested.master.stop();
    await tested.startMaster();
    for (const node of nodes) {
      node.ignoresOrders = false;
      await node.start();
    }
    await tested.until('deleted', () => nodes.every((node) => !node.chunks.has(id)));
    await tested.until('confirmed', async () => {
      const status = (await (await fetch(`${tested.address}/api/status`)).json()) as { counts: Record<string, number> };
      return status.counts['doomed'] === 0 && status.counts['chunks'] === 0;
    });
  });

  it('leaves the other nodes while one of them does not carry out its orders', async () => {
    const tested = await master();
    const nodes = await threeNodes(tested);
    const [a, b, c] = nodes;
    const bucket = await tested.createBucket('b');
    const first = await tested.putObject(bucket, 'first', nodes);
    const second = await tested.putObject(bucket, 'second', nodes);
    const remove = (key: string) =>
      tested.ask('deleteObjects', { attempt: tested.newAttempt(), ...bucket, keys: [{ key, ifMatch: null }] });
    a.ignoresOrders = true;
    await remove('first');
    await tested.until('ordered', () => a.ordered.some((order) => order.kind === 'delete' && order.id === first));
    await remove('second');
    await tested.until('deleted elsewhere', () => [b, c].every((node) => !node.chunks.has(first) && !node.chunks.has(second)));
    expect(a.chunks.has(first)).toBe(true);
  });

  it('on a node that was away is deleted when it returns', async () => {
    const tested = await master();
    const nodes = await threeNodes(tested);
    const [, , c] = nodes;
    const bucket = await tested.createBucket('b');
    const id = await tested.putObject(bucket, 'k', nodes);
    await c.kill();
    await tested.ask('deleteObjects', { attempt: tested.newAttempt(), ...bucket, keys: [{ key: 'k', ifMatch: null }] });
    await tested.until('down', async () => (await tested.stateOf(c)) !== 'live');
    expect(c.chunks.has(id)).toBe(true);
    await c.start();
    await tested.until('deleted', () => !c.chunks.has(id));
  });
});

describe('answers that are lost', { timeout: testMsMax }, () => {
  it('are given again for the same attempt after a restart of the master', async () => {
    const tested = await master();
    const [a, b, c] = await threeNodes(tested);
    const bucket = await tested.createBucket('b');
    const bytes = Buffer.from('content');
    const id = systemRandom.uuidV4();
    const facts = [a, b, c].map((node) => node.store(bytes, { id, kind: 'chunk', generation: 0 }))[0]!;
    const { sweepGeneration: generation } = await tested.ask('getView', {});
    const commit = {
      attempt: tested.newAttempt(),
      ...bucket,
      key: 'k',
      conditions: { ifMatch: null, ifNoneMatch: '*' },
      headers: {},
      userMetadata: {},
      sizeBytes: bytes.length,
      etag: '0'.repeat(32),
      checksum: null,
      chunks: [{ ...facts, generation, nodeIds: idsOf(a, b, c) }],
    };
    const first = await tested.ask('commitObject', commit);
    await tested.master.stop();
    await tested.startMaster();
    expect(await tested.ask('commitObject', commit)).toEqual(first);
    // A new attempt meets the condition that the first one has made false: so the repeat was not carried out twice.
    await expect(tested.ask('commitObject', { ...commit, attempt: tested.newAttempt() })).rejects.toMatchObject({
      code: 'precondition-failed',
    });
  });
});
