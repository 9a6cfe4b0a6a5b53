import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { must } from '../src/base/must.js';
import { tellAvailability } from './availability.js';
import { command } from './command.js';
import { place, removeNamespace } from './environment.js';
import { HistoryLoad } from './history-load.js';
import type { KubeObject } from './kube.js';
import { signalPod } from './pod-process.js';
import type { Release } from './release.js';

const nothing = (): Promise<unknown> => Promise.resolve();

/** Kubernetes sees nothing amiss in any of these: the pod is there and, for a while or for good, Ready. */
describe('a datanode that is there and says nothing', () => {
  const requestTimeoutMs = 5000;
  const pauseMsMax = 15_000;
  let release: Release;
  let pod: KubeObject;
  let load: HistoryLoad;
  let mend = nothing;

  beforeAll(async () => {
    release = await place({ namespace: 'unreachable', presets: ['small'], values: { 'gateway.replicas': 2 } });
    await release.install();
    await release.untilWhole(3);
    const master = (await release.masterPod()).spec?.nodeName;
    pod = must(
      (await release.pods('datanode')).find(({ spec }) => spec?.nodeName !== master),
      'a datanode away from the master',
    );
  });
  afterEach(() => mend());
  afterAll(() => removeNamespace(release));

  /** The load goes on until all is whole; nothing but the fault itself has happened to the pod. */
  async function expectWholeAgain(scenario: string, began: number): Promise<void> {
    tellAvailability(scenario, load.seen, performance.now() - began);
    expect(load.seen.pauseMs).toBeLessThan(pauseMsMax);
    await mend();
    await release.untilWhole(3);
    const after = await release.kube.get('pod', pod.metadata.name);
    expect(after?.metadata.uid).toBe(pod.metadata.uid);
    await load.stop();
  }

  test('because its process stands still: others go on, and it is whole when it goes on too', async () => {
    load = await HistoryLoad.start(release, { requestTimeoutMs });
    const began = performance.now();
    mend = () => signalPod(pod, 'datanode', 'CONT');
    expect(await signalPod(pod, 'datanode', 'STOP'), 'the fault happened').toBe('T');
    const seenMs = await release.untilState(pod.metadata.name, ['suspect', 'down']);
    console.log(`the master sees that it stands still after ${(seenMs / 1000).toFixed(1)} s`);
    await expectWholeAgain('datanode stands still (SIGSTOP)', began);
  });

  test('because the network is cut: others go on, its copies are made anew, and it is whole when it is back', async () => {
    const worker = must(pod.spec?.nodeName, 'a worker');
    const address = must(pod.status?.podIP, 'an address');
    const rules = (['-s', '-d'] as const).map((side) => ['FORWARD', side, address, '-j', 'DROP']);
    const iptables = (...args: string[]): Promise<string> => command('docker', ['exec', worker, 'iptables', '-w', ...args]);
    load = await HistoryLoad.start(release, { requestTimeoutMs });
    const began = performance.now();
    mend = async () => {
      mend = nothing;
      for (const rule of rules) await iptables('-D', ...rule);
    };
    for (const rule of rules) await iptables('-I', ...rule);
    await release.untilState(pod.metadata.name, ['suspect']);
    await release.untilState(pod.metadata.name, ['down', 'repairing']);
    const dropped = [...(await iptables('-nvxL', 'FORWARD')).matchAll(/^\s*(\d+)\s+\d+\s+DROP\b.*$/gm)].filter(([line]) =>
      line.includes(address),
    );
    console.log(`packets dropped: ${dropped.map(([, packets]) => packets).join(' and ')}`);
    expect(
      dropped.map(([, packets]) => Number(packets) > 0),
      'the fault happened, both ways',
    ).toEqual([true, true]);
    await expectWholeAgain('datanode cut off (partition)', began);
  });
});
