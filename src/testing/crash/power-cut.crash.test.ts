import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { AcknowledgedWrites } from '../acknowledged.js';
import { LoopMount, PowerSwitch, whyNoMounts, type FileSystemType } from '../loop-mount.js';
import { ProcessCluster } from '../process-cluster.js';
import { SeededRandom } from '../seeded-random.js';
import { testSeed, testSetting } from '../test-settings.js';

const MiB = 1024 * 1024;
const cycles = testSetting('POWER_CUT_CYCLES', 3);
const timeFactor = testSetting('TIME_FACTOR', 0.1);
const writersCount = 16;
/** A cycle cuts the power only when so much is at stake. */
const acknowledgedMin = 20;
const disks = ['master', 'datanode-0', 'datanode-1', 'datanode-2'];
/** What a fast machine writes between two cuts: all that was acknowledged stays to be read. */
const cycleBytesMax = 64 * MiB;
const sizeBytes = { ext4: 512 * MiB + cycles * cycleBytesMax, xfs: 640 * MiB + cycles * cycleBytesMax };

interface NodeRow {
  id: string;
  state: string;
}

let folder = '';
let cluster: ProcessCluster | null = null;
let mounts: LoopMount[] = [];

async function startOn(type: FileSystemType): Promise<ProcessCluster> {
  folder = mkdtempSync(join(tmpdir(), 'aether-power-'));
  mounts = [];
  for (const name of disks) mounts.push(await LoopMount.create({ folder, name: `disk-of-${name}`, type, sizeBytes: sizeBytes[type] }));
  const dataPaths = Object.fromEntries(disks.map((name, index) => [name, mounts[index]!.path]));
  cluster = await ProcessCluster.create({ folder, datanodes: 3, gateways: 1, timeFactor, dataPaths });
  await cluster.startAll();
  await cluster.whenLive(3);
  const client = cluster.client();
  expect((await client.request({ method: 'PUT', path: '/kept' })).status).toBe(200);
  client.close();
  return cluster;
}

async function nodes(of: ProcessCluster): Promise<NodeRow[]> {
  return ((await of.masterGet('/api/nodes')) as { nodes: NodeRow[] }).nodes;
}

afterEach(async () => {
  await cluster?.killAll();
  for (const mount of mounts) await mount.destroy();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(whyNoMounts() !== null)('the power of the whole cluster is cut', () => {
  test.each<FileSystemType>(['ext4', 'xfs'])('on %s nothing acknowledged is lost or changed, and nothing is quarantined', async (type) => {
    const seed = testSeed();
    console.log(`${type}: seed ${seed}, ${cycles} cycles, delays times ${timeFactor}`);
    const random = new SeededRandom(seed);
    const running = await startOn(type);
    const writes = new AcknowledgedWrites('kept', seed, random);
    const counts = { cycles: 0, afterLastAck: 0, acknowledged: 0, quarantined: 0 };

    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const power = await PowerSwitch.arm(mounts);
      const before = writes.count;
      const end = new AbortController();
      const client = running.client('gateway-0', 10_000);
      const writing = Promise.all(Array.from({ length: writersCount }, () => writes.write(client, end.signal)));
      await new Promise((resolve) => setTimeout(resolve, random.between(300, 1500)));
      await running.until('enough is acknowledged', () => Promise.resolve(writes.count >= before + acknowledgedMin));
      // Every other time in the very turn in which an acknowledgement arrives; else whatever is under way.
      const afterAck = cycle % 2 === 0;
      if (afterAck) {
        await new Promise<void>((resolve) => {
          writes.onAcknowledged = resolve;
        });
      }
      const cut = power.cut();
      end.abort();
      await Promise.all([cut, running.killAll()]);
      writes.onAcknowledged = () => undefined;
      await writing;
      client.close();

      for (const mount of mounts) await mount.remount();
      // What cannot be read counts as lost also when the whole does not come back.
      const comesBack = await running.startAll().then(() => running.whenLive(3)).then(() => true, () => false); // prettier-ignore
      const reader = running.client();
      const problems = await writes.problems(reader, before);
      reader.close();
      expect(problems, `cycle ${cycle} of seed ${seed}`).toEqual([]);
      expect(comesBack, running.report()).toBe(true);
      const quarantined = (await nodes(running)).filter((node) => node.state === 'quarantined');
      counts.cycles += 1;
      counts.afterLastAck += afterAck ? 1 : 0;
      counts.acknowledged = writes.count;
      counts.quarantined += quarantined.length;
      expect(writes.count, 'the cycle acknowledged something').toBeGreaterThanOrEqual(before + acknowledgedMin);
      expect(quarantined).toEqual([]);
    }
    const reader = running.client();
    const problems = await writes.problems(reader);
    reader.close();
    console.log(JSON.stringify({ type, seed, ...counts, lostOrWrong: problems.length }));
    expect(problems).toEqual([]);
    expect(counts.cycles).toBe(cycles);
  });
});

describe.skipIf(whyNoMounts() !== null)('the disk of one datanode dies under its process', () => {
  test.each<FileSystemType>(['ext4', 'xfs'])(
    'on %s the process ends with exit code 70, its node is quarantined, and writes go on',
    async (type) => {
      const seed = testSeed();
      const running = await startOn(type);
      const writes = new AcknowledgedWrites('kept', seed, new SeededRandom(seed));
      const client = running.client();
      const end = new AbortController();
      const writing = Promise.all(Array.from({ length: writersCount }, () => writes.write(client, end.signal)));
      await running.until('something is acknowledged', () => Promise.resolve(writes.count > 50));

      const victim = running.process('datanode-1');
      const power = await PowerSwitch.arm([mounts[2]!]);
      await power.cut();
      expect(await victim.ended).toEqual({ code: 70, signal: null });
      await running.until('the node is quarantined', async () => (await nodes(running)).some((node) => node.state === 'quarantined'));
      const before = writes.count;
      await running.until('writes go on', () => Promise.resolve(writes.count > before + 50));
      end.abort();
      await writing;
      expect(await writes.problems(client)).toEqual([]);

      // The disk works again after the reboot, but nobody has looked at it: the quarantine stays.
      await mounts[2]!.remount();
      running.start('datanode-1');
      await running.whenReady('datanode-1');
      await running.until('the node is heard again', async () =>
        (await nodes(running)).every((node) => node.state === 'live' || node.state === 'quarantined'),
      );
      expect((await nodes(running)).filter((node) => node.state === 'quarantined')).toHaveLength(1);
      expect(await writes.problems(client)).toEqual([]);
      client.close();
      console.log(JSON.stringify({ type, seed, acknowledged: writes.count, lostOrWrong: 0, exitCode: 70 }));
    },
  );
});
