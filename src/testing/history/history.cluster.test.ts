import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ProcessCluster } from '../process-cluster.js';
import { SeededRandom } from '../seeded-random.js';
import { testSeed, testSetting } from '../test-settings.js';
import { takeCensus } from './census.js';
import { Contents } from './contents.js';
import { judgeKey } from './linearizability.js';
import { runNemesis } from './nemesis.js';
import { Recorder } from './recorder.js';
import { Workload } from './workload.js';

const MiB = 1024 * 1024;
const clientsCount = 64;
const keysCount = 500;
const timeFactor = testSetting('TIME_FACTOR', 0.1);
const durationMs = testSetting('HISTORY_SECONDS', 40) * 1000;
/** Bodies of 32 MiB ± 1 and of 100 MiB, spread over the run. */
const bodies32MiB = testSetting('HISTORY_32MIB', 4);
const bodies100MiB = testSetting('HISTORY_100MIB', 1);
const acknowledgedMin = testSetting('HISTORY_ACKNOWLEDGED_MIN', 2000);
/** How much longer than it should a run may take to get there. */
const patience = 4;

let cluster: ProcessCluster | null = null;
const folder = mkdtempSync(join(tmpdir(), 'aether-history-'));

afterEach(async () => {
  await cluster?.killAll();
  rmSync(folder, { recursive: true, force: true });
});

test(
  'under random kills of every role each key behaves like one copy, and the disks agree with the metadata',
  { timeout: durationMs * (patience + 1) + 600_000 },
  async () => {
    const seed = testSeed();
    console.log(`seed ${seed}, delays times ${timeFactor}, ${durationMs / 1000} s`);
    const random = new SeededRandom(seed);
    cluster = await ProcessCluster.create({ folder, datanodes: 3, gateways: 2, timeFactor });
    await cluster.startAll();
    const clients = ['gateway-0', 'gateway-1'].map((name) => cluster!.client(name));
    expect((await clients[0]!.request({ method: 'PUT', path: '/contested' })).status).toBe(200);

    const recorder = new Recorder();
    const keys = Array.from({ length: keysCount }, (_, index) => `key/${index}`);
    const workload = new Workload({ bucket: 'contested', keys, clients, contents: new Contents(seed), recorder, random });
    const end = new AbortController();
    const kills = new Map<string, number>();
    const nemesis = runNemesis(
      { cluster, random: new SeededRandom(`${seed}/nemesis`), pauseMsMax: 3000, downMsMax: 1500, kills },
      end.signal,
    );
    const beginMs = performance.now();
    // On a busy machine the run goes on until it has shown something.
    const isOver = (): boolean => {
      const passedMs = performance.now() - beginMs;
      const enough = recorder.acknowledgedCount >= acknowledgedMin && kills.size === cluster!.names.length;
      return passedMs > durationMs * patience || (passedMs > durationMs && enough);
    };
    const small = Array.from({ length: clientsCount }, async () => {
      while (!isOver()) await workload.step();
    });
    const large = runLarge(workload, random);
    await Promise.race([Promise.all([...small, large]), nemesis]);
    end.abort();
    await Promise.all([...small, nemesis]);
    const largeBodies = await large;

    await cluster.whenWritable();
    await cluster.whenLive(3);
    for (const key of keys) await workload.get(key);

    const verdicts = recorder.keys().map(([key, steps]) => ({ key, verdict: judgeKey(steps) }));
    const violations = [
      ...recorder.violations,
      ...verdicts.flatMap(({ key, verdict }) => (verdict.kind === 'violation' ? [`${key}: ${verdict.story}`] : [])),
    ];
    const undecided = verdicts.filter(({ verdict }) => verdict.kind === 'undecided').length;
    for (const client of clients) client.close();
    const { acknowledged, acknowledgedCount, unknown, refused, unreadable } = recorder;
    const counts = {
      acknowledgedCount,
      acknowledged,
      largeBodies,
      unknown,
      refused,
      unreadable,
      kills: Object.fromEntries(kills),
      undecided,
      violations: violations.length,
    };
    console.log(JSON.stringify({ seed, ...counts }));
    expect(violations).toEqual([]);
    expect(undecided).toBe(0);

    await cluster.stopAll();
    const census = await takeCensus(cluster, ['datanode-0', 'datanode-1', 'datanode-2']);
    console.log(JSON.stringify({ seed, census }));
    expect(census.problems).toEqual([]);
    expect(acknowledgedCount).toBeGreaterThanOrEqual(acknowledgedMin);
    expect(largeBodies).toEqual({ of32MiB: bodies32MiB, of100MiB: bodies100MiB });
    expect([...kills.keys()].toSorted(), 'every process was killed').toEqual(cluster.names.toSorted());
  },
);

/** The large bodies, evenly over the run, each until it is acknowledged. */
async function runLarge(workload: Workload, random: SeededRandom): Promise<LargeBodies> {
  const acknowledged = { of32MiB: 0, of100MiB: 0 };
  const count = bodies32MiB + bodies100MiB;
  const beginMs = performance.now();
  for (let turn = 0; turn < count; turn += 1) {
    const atMs = beginMs + (durationMs * turn) / count;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - performance.now())));
    const isHuge = Math.floor(((turn + 1) * bodies100MiB) / count) > Math.floor((turn * bodies100MiB) / count);
    while (!(await workload.put(isHuge ? 100 * MiB : 32 * MiB + random.between(-1, 1))))
      if (performance.now() - beginMs > durationMs * patience) return acknowledged;
    acknowledged[isHuge ? 'of100MiB' : 'of32MiB'] += 1;
  }
  return acknowledged;
}

interface LargeBodies {
  of32MiB: number;
  of100MiB: number;
}
