import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from '../src/base/must.js';
import { tellAvailability } from './availability.js';
import { command } from './command.js';
import { place, removeNamespace } from './environment.js';
import { HistoryLoad } from './history-load.js';
import type { Release } from './release.js';
import { until } from './until.js';

const seenMsMax = 15_000;
/** Kubernetes takes the gateway of a dead worker out of the Service after 40 s; until then a client may be led to it. */
const requestTimeoutMs = 5000;
const pauseMsMax = 15_000;

async function isStopped(name: string): Promise<boolean> {
  return (await command('docker', ['inspect', '-f', '{{.State.Running}}', name])) === 'false';
}

describe('a worker that stops', () => {
  let release: Release;

  beforeAll(async () => {
    release = await place({ namespace: 'node-loss', presets: ['small'], values: { 'gateway.replicas': 3 } });
    await release.install();
    await release.untilWhole(3);
  });
  afterAll(() => removeNamespace(release));

  /** A worker with a datanode, with the master or without it. */
  async function worker(withMaster: boolean): Promise<{ name: string; datanode: string }> {
    const master = (await release.masterPod()).spec?.nodeName;
    // Its controller would be back after five minutes only, and with it the Events: silence alone has a test of its own
    const controller = (await release.pods('controller'))[0]?.spec?.nodeName;
    const isWanted = (name: string | undefined): boolean => (withMaster ? name === master : name !== master && name !== controller);
    const pod = (await release.pods('datanode')).find(({ spec }) => isWanted(spec?.nodeName));
    return { name: must(must(pod, 'a datanode there').spec?.nodeName, 'a worker'), datanode: pod!.metadata.name };
  }

  test('without the master: reads and writes never stop, it is seen in time, and all is whole when it is back', async () => {
    const { name, datanode } = await worker(false);
    const load = await HistoryLoad.start(release, { losing: name, requestTimeoutMs });
    const began = performance.now();
    await command('docker', ['kill', name]);
    expect(await isStopped(name), 'the fault happened').toBe(true);
    try {
      const seenMs = await release.untilState(datanode, ['suspect', 'down']);
      console.log(`the master sees the dead node after ${(seenMs / 1000).toFixed(1)} s`);
      await release.kube.untilNode(name, false);
      await release.untilState(datanode, ['down', 'repairing']);
      const events = await until('nodeState', 'an Event tells of it', async () => {
        const told = (await release.kube.list('events')).filter(
          ({ reportingComponent, involvedObject }) => reportingComponent === 'aetherstore-controller' && involvedObject?.name === datanode,
        );
        return told.some(({ reason }) => reason === 'DatanodeDown' || reason === 'DatanodeRepairing') ? told : null;
      });
      for (const { reason, message } of events) console.log(`Event ${reason}: ${message}`);
      tellAvailability('worker without the master stopped', load.seen, performance.now() - began);
      expect(seenMs).toBeLessThan(seenMsMax);
      expect(load.seen.pauseMs).toBeLessThan(pauseMsMax);
    } finally {
      await command('docker', ['start', name]);
    }
    await release.kube.untilNode(name, true);
    await release.untilWhole(3);
    await load.stop();
  });

  test('with the master: the data is whole afterwards, and the pause is printed', async () => {
    const { name } = await worker(true);
    const load = await HistoryLoad.start(release, { losing: name, requestTimeoutMs });
    const began = performance.now();
    await command('docker', ['kill', name]);
    expect(await isStopped(name), 'the fault happened').toBe(true);
    await release.kube.untilNode(name, false);
    await command('docker', ['start', name]);
    await release.kube.untilNode(name, true);
    await release.kube.untilReady('master', 1);
    await release.untilWhole(3);
    tellAvailability('worker with the master stopped', load.seen, performance.now() - began);
    await load.stop();
  });

  test('while the controller is away: silence alone finds the dead node', async () => {
    const { name, datanode } = await worker(false);
    await release.kube.run(['scale', 'deployment', `${release.fullname}-controller`, '--replicas=0']);
    await until('podGone', 'the controller is gone', async () => ((await release.pods('controller')).length === 0 ? true : null));
    const load = await HistoryLoad.start(release, { losing: name, requestTimeoutMs });
    const began = performance.now();
    await command('docker', ['kill', name]);
    expect(await isStopped(name), 'the fault happened').toBe(true);
    try {
      await release.untilState(datanode, ['down', 'repairing']);
      tellAvailability('worker stopped, controller away', load.seen, performance.now() - began);
    } finally {
      await command('docker', ['start', name]);
      await release.kube.run(['scale', 'deployment', `${release.fullname}-controller`, '--replicas=1']);
    }
    await release.kube.untilNode(name, true);
    await release.kube.untilReady('controller', 1);
    await release.untilWhole(3);
    await load.stop();
  });
});
