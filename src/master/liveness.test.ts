import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../base/log.js';
import type { NodeSight } from '../model/node-sight.js';
import { Refusal } from '../model/refusal.js';
import { knownNodeOf } from '../testing/known-node.js';
import { ManualClock } from '../testing/manual-clock.js';
import { Liveness, type LivenessParts } from './liveness.js';
import { ClusterSights } from './cluster-sights.js';
import { LogProofs } from './log-proof.js';
import { NodeRegistry } from './node-registry.js';

const judgeEveryMs = 1000;
const options = {
  clusterId: 'c',
  reign: { epoch: 1, id: 'r' },
  suspectAfterMs: 12_000,
  downAfterMs: 60_000,
  repairDelayMs: 300_000,
  plannedRepairDelayMs: 1_800_000,
  startGraceMs: 0,
  judgeEveryMs,
  markEveryMs: 60_000,
};

let clock: ManualClock;
let registry: NodeRegistry;
let committed: string[];
/** What the store says to everything, if anything. */
let refusal: Refusal | null;
let sights: ClusterSights;

function write(name: string, args: { state?: string }): Promise<object> {
  if (refusal !== null) return Promise.reject(refusal);
  committed.push(`${name} ${args.state}`);
  return Promise.resolve({});
}

function liveness(changes: Partial<typeof options> = {}): Liveness {
  const store = { write } as unknown as LivenessParts['store'];
  const proofs = new LogProofs(60_000, []);
  return new Liveness({ ...options, ...changes }, { store, registry, proofs, sights, clock, log: silentLog, outbid: () => undefined });
}

beforeEach(() => {
  clock = new ManualClock();
  committed = [];
  refusal = null;
  sights = new ClusterSights({ store: { write } as unknown as LivenessParts['store'], clock, electionEpoch: 0, ageMsMax: 15_000 });
  const facts = { clusterId: 'c', epoch: 1, replicationFactor: 3, writeQuorum: 2, sweepGeneration: 0 };
  registry = new NodeRegistry(facts, [knownNodeOf({ nodeNumber: 1, heardAtMs: clock.monotonicMs() })]);
});

/** Looks as often as a master that has time does. */
async function letPass(judge: Liveness, passMs: number): Promise<void> {
  for (let passed = 0; passed < passMs; passed += judgeEveryMs) {
    clock.advance(judgeEveryMs);
    await judge.judgeSilence();
  }
}

const state = (): string | undefined => registry.get('node-1')?.state;

describe('the silence of a node', () => {
  it('leads over suspect and down to repairing, each committed once before it is shown', async () => {
    const judge = liveness();
    const seen: string[] = [];
    registry.onChange(({ after }) => seen.push(`${after?.state} after ${committed.length} commits`));
    await letPass(judge, 11_000);
    expect(state()).toBe('live');
    await letPass(judge, 1000);
    expect(state()).toBe('suspect');
    await letPass(judge, 48_000);
    expect(state()).toBe('down');
    await letPass(judge, 300_000);
    expect(state()).toBe('repairing');
    expect(committed).toEqual(['setNodeState suspect', 'setNodeState down', 'setNodeState repairing']);
    expect(seen).toEqual(['suspect after 1 commits', 'down after 2 commits', 'repairing after 3 commits']);
  });

  it('is not held against it while this master stood still', async () => {
    const judge = liveness();
    await letPass(judge, 5000);
    clock.advance(500_000); // one long stall, with heartbeats waiting in the sockets
    await judge.judgeSilence();
    expect(state()).toBe('live');
    await letPass(judge, 8000); // silent for 5 + 1 + 8 s of its time
    expect(state()).toBe('suspect');
    expect(committed).toEqual(['setNodeState suspect']);
  });

  it('is not judged in the grace after a start, and counts from the start then', async () => {
    const judge = liveness({ startGraceMs: 60_000 });
    await letPass(judge, 59_000);
    expect(state()).toBe('live');
    await letPass(judge, 1000);
    expect(state()).toBe('down');
  });
});

describe('what the controller sees', () => {
  const address = 'http://node-1:42101';
  async function report(judge: Liveness, sight: NodeSight): Promise<void> {
    await sights.accept({ electionEpoch: 1, holder: 'c', hosts: [], nodes: [{ address, sight, reason: 'a reason' }] });
    await judge.judgeSights();
  }

  it('makes a node suspect at once, down with its silence, and tells both signals', async () => {
    const judge = liveness();
    await report(judge, 'absent');
    expect(state()).toBe('suspect');
    await letPass(judge, 12_000);
    expect(state()).toBe('down');
  });

  it('is not held against a node when the report is the first thing that a stalled master hears', async () => {
    const judge = liveness();
    await letPass(judge, 5000);
    clock.advance(500_000);
    await report(judge, 'lost');
    expect(state()).toBe('live');
    await judge.judgeSilence();
    expect(state()).toBe('live');
    await letPass(judge, 1000);
    expect(state()).toBe('suspect');
  });

  it('leads from silence to repairing when the loss is proven', async () => {
    const judge = liveness();
    await letPass(judge, 11_000);
    await report(judge, 'lost');
    expect(state()).toBe('suspect');
    await letPass(judge, 1000);
    expect(state()).toBe('repairing');
  });

  it('is no signal once three reports did not come', async () => {
    const judge = liveness();
    await sights.accept({ electionEpoch: 1, holder: 'c', hosts: [], nodes: [{ address, sight: 'lost', reason: '' }] });
    registry.put({ ...registry.get('node-1')!, heardAtMs: clock.monotonicMs() + 5000 }); // its last heartbeat
    await letPass(judge, 16_000);
    expect(sights.of(address)).toBeNull();
    await letPass(judge, 2000);
    expect(state()).toBe('suspect');
    await letPass(judge, 46_000);
    expect(state()).toBe('suspect');
    await letPass(judge, 1000);
    expect(state()).toBe('down');
  });

  it('is not held against a node in the grace after a start', async () => {
    const judge = liveness({ startGraceMs: 60_000 });
    await report(judge, 'lost');
    await letPass(judge, 30_000);
    await report(judge, 'lost');
    expect(state()).toBe('live');
  });

  it('of several for one address is the gravest', async () => {
    const nodes = (['absent', 'lost', 'present'] as const).map((sight) => ({ address, sight, reason: '' }));
    await sights.accept({ electionEpoch: 1, holder: 'c', hosts: [], nodes });
    expect(sights.of(address)?.sight).toBe('lost');
  });
});

describe('a node that is lost for good', () => {
  it('is not forgotten by any silence, and by a person only once it is repairing', async () => {
    const judge = liveness();
    const forget = () => judge.forget('node-1', 1);
    await expect(forget()).rejects.toMatchObject({ code: 'node-present' });
    for (const [passMs, standing] of [
      [12_000, 'suspect'],
      [48_000, 'down'],
    ] as const) {
      await letPass(judge, passMs);
      expect(state()).toBe(standing);
      await expect(forget()).rejects.toMatchObject({ code: 'node-present' });
    }
    await letPass(judge, 1_000_000_000);
    expect(state()).toBe('repairing');
    const before = registry.view().number.n;
    await forget();
    expect(committed.at(-1)).toBe('forgetNode undefined');
    expect(registry.view()).toMatchObject({ nodes: [], number: { n: before + 1 } });
    expect(registry.byNumber(1)).toBeNull();
    await expect(forget()).rejects.toMatchObject({ code: 'node-unknown' });
    await judge.judgeSilence();
  });

  it('stays when its row has changed since its copies were looked at', async () => {
    registry.put(knownNodeOf({ nodeNumber: 1, state: 'repairing', heardAtMs: clock.monotonicMs() - 60_000 }));
    const judge = liveness();
    await letPass(judge, judgeEveryMs);
    refusal = new Refusal('node-present');
    await expect(judge.forget('node-1', 1)).rejects.toMatchObject({ code: 'node-present' });
    expect(state()).toBe('repairing');
  });

  it('is not forgotten by a master that has judged nobody yet, in its grace or after it stood still: the others may be gone too', async () => {
    const judge = liveness({ startGraceMs: 100_000 });
    registry.put(knownNodeOf({ nodeNumber: 1, state: 'repairing', heardAtMs: clock.monotonicMs() }));
    await letPass(judge, 99_000);
    await expect(judge.forget('node-1', 1)).rejects.toMatchObject({ code: 'slow-down' });
    await letPass(judge, 2000);
    clock.advance(2 * judgeEveryMs);
    await expect(judge.forget('node-1', 1)).rejects.toMatchObject({ code: 'slow-down' });
    await letPass(judge, 2 * judgeEveryMs);
    await judge.forget('node-1', 1);
    expect(committed.at(-1)).toBe('forgetNode undefined');
  });

  it('waits for the heartbeat that came first, which keeps it', async () => {
    registry.put(knownNodeOf({ nodeNumber: 1, state: 'repairing', heardAtMs: clock.monotonicMs() - 60_000 }));
    const judge = liveness();
    const { address, host } = registry.get('node-1')!;
    const heard = judge.hear({
      nodeId: 'node-1',
      boot: 2,
      clusterId: 'c',
      reign: null,
      address,
      host,
      zone: '',
      condition: 'open',
      capacityBytes: 1000,
      freeBytes: 500,
      usedBytes: 500,
      chunkCount: 0,
      logSequence: 0,
      logDigest: 'd',
      provenDigest: null,
    });
    await expect(judge.forget('node-1', 1)).rejects.toMatchObject({ code: 'node-present' });
    expect(await heard).toMatchObject({ state: 'returned' });
    expect(committed).not.toContain('forgetNode undefined');
  });

  it('is looked past by whoever judges the silence of all', async () => {
    registry.put(knownNodeOf({ nodeNumber: 2, state: 'repairing', heardAtMs: clock.monotonicMs() - 60_000 }));
    const judge = liveness();
    await letPass(judge, judgeEveryMs);
    clock.advance(judgeEveryMs);
    await Promise.all([judge.judgeSilence(), judge.forget('node-2', 1)]);
    expect(registry.all().map(({ nodeId }) => nodeId)).toEqual(['node-1']);
  });
});

describe('the view', () => {
  it('changes its number when somebody must know, and not with every heartbeat', () => {
    const node = knownNodeOf({ nodeNumber: 1 });
    const first = registry.view();
    registry.put({ ...node, heardAtMs: 5, chunkCount: 9 });
    expect(registry.view()).toBe(first);
    registry.put({ ...node, freeBytes: node.freeBytes - 5 });
    expect(registry.view()).toBe(first);
    registry.put({ ...node, freeBytes: node.freeBytes - 11 });
    expect(registry.view().number.n).toBe(first.number.n + 1);
    registry.put({ ...node, freeBytes: node.freeBytes - 11, condition: 'read-only' });
    expect(registry.view().number.n).toBe(first.number.n + 2);
    expect(registry.view().nodes[0]?.writable).toBe(false);
    registry.setGeneration(1);
    expect(registry.view()).toMatchObject({ sweepGeneration: 1, number: { epoch: 1, n: first.number.n + 3 } });
  });
});
