import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../base/clock.js';
import { silentLog } from '../base/log.js';
import { systemRandom } from '../base/random.js';
import { FakeApiServer } from '../testing/fake-api-server.js';
import { ManualClock } from '../testing/manual-clock.js';
import { StallingProxy } from '../testing/stalling-proxy.js';
import { ApiClient } from './api-client.js';
import type { Pod } from './cluster-api.js';
import { blindAfterMs } from './freshness.js';
import { ObjectCache } from './object-cache.js';
import { WatchLoop, watchDefaults, type WatchLimits } from './watch-loop.js';

const quick: WatchLimits = { ...watchDefaults, retry: { firstDelayMs: 2, maxDelayMs: 20 } };

describe('the watch of a resource', () => {
  let server: FakeApiServer;
  let client: ApiClient;
  let cache: ObjectCache<Pod>;
  let loop: WatchLoop<'pods'>;

  /** A loop over a server with two pods, once it follows. */
  async function follow(limits: WatchLimits, clock: Clock = systemClock): Promise<void> {
    server = new FakeApiServer({ clock });
    await server.start();
    server.cluster.create('pods', { metadata: { name: 'a' } });
    server.cluster.create('pods', { metadata: { name: 'b' } });
    begin(limits, clock);
    await expect.poll(() => server.streams('pods')).toBe(1);
  }

  function begin(limits: WatchLimits, clock: Clock = systemClock, port = server.port): void {
    const credentials = {
      server: new URL(`http://127.0.0.1:${port}`),
      requestOptions: () => Promise.resolve({ headers: { authorization: `Bearer ${server.token}` } }),
    };
    client = new ApiClient({ credentials, namespace: server.namespace }, { clock });
    cache = new ObjectCache<Pod>({ clock, log: silentLog });
    loop = new WatchLoop({ resource: 'pods', selection: {}, cache, limits }, { api: client, clock, random: systemRandom, log: silentLog });
    loop.start();
  }

  async function isAsTheServer(): Promise<void> {
    await expect
      .poll(() =>
        cache
          .all()
          .map(({ metadata }) => metadata)
          .sort(byName),
      )
      .toEqual(server.cluster.list('pods').map(({ metadata }) => metadata));
  }

  /** Something changes without the loop hearing of it in the ordinary way; afterwards it hears of further things. */
  async function recovers(): Promise<void> {
    await isAsTheServer();
    await expect.poll(() => server.streams('pods')).toBe(1);
    server.cluster.create('pods', { metadata: { name: 'after' } });
    await isAsTheServer();
    expect(cache.get('after')).not.toBeNull();
  }

  afterEach(async () => {
    await loop.stop();
    client.close();
    await server.stop();
  });

  describe('on a server that is well', () => {
    beforeEach(() => follow(quick));

    it('is like the server after each event', async () => {
      server.cluster.create('pods', { metadata: { name: 'c' } });
      server.cluster.mergePatch('pods', 'a', { status: { phase: 'Running' } });
      server.cluster.remove('pods', 'b');
      await isAsTheServer();
      expect(cache.get('a')?.status?.phase).toBe('Running');
      expect(loop.counts).toEqual({ lists: 1, streams: 1, failures: 0 });
    });

    it('goes on where it was, without a list, when the server ends the stream in order', async () => {
      server.cluster.create('pods', { metadata: { name: 'c' } });
      await isAsTheServer();
      server.endStreams('pods');
      server.cluster.remove('pods', 'a');
      await recovers();
      expect(loop.counts).toEqual({ lists: 1, streams: 2, failures: 0 });
    });

    it('stops at once, with its connection', async () => {
      await loop.stop();
      await expect.poll(() => server.streams('pods')).toBe(0);
      expect(loop.counts.failures).toBe(0);
    });
  });

  describe('after a fault', () => {
    beforeEach(() => follow(quick));

    afterEach(() => expect(loop.counts.failures).toBeGreaterThan(0));

    it('lists again: a reset connection', async () => {
      server.resetStreams('pods');
      server.cluster.remove('pods', 'a');
      await recovers();
    });

    it('lists again: a line that is no event', async () => {
      server.writeToStreams('pods', '{"type":"ADDED","obj\n');
      server.cluster.remove('pods', 'a');
      await recovers();
    });

    it('lists again: an event without an object', async () => {
      server.writeToStreams('pods', '{"type":"ADDED","object":{"metadata":{}}}\n');
      await recovers();
    });

    it('lists again: a stream that ends within a line', async () => {
      server.writeToStreams('pods', '{"type":"ADDED"');
      server.endStreams('pods');
      await recovers();
    });

    it('lists again: 410 as the status of a watch', async () => {
      server.endStreams('pods');
      server.cluster.remove('pods', 'a');
      server.cluster.forget();
      await recovers();
      expect(server.answers.get(410)).toBe(1);
    });

    it('lists again: 410 within the stream', async () => {
      server.goneAs = 'event';
      server.endStreams('pods');
      server.cluster.remove('pods', 'a');
      server.cluster.forget();
      await recovers();
      expect(server.answers.get(410)).toBeUndefined();
    });

    it('lists again: a 500 within the stream', async () => {
      server.writeToStreams(
        'pods',
        `${JSON.stringify({ type: 'ERROR', object: { code: 500, reason: 'InternalError', message: 'etcd' } })}\n`,
      );
      await recovers();
    });

    it('tries for as long as it takes: watches and lists that answer 500, 429, reset the connection', async () => {
      server.failNext('watch pods', { status: 500, reason: 'InternalError' }, 3);
      server.failNext('list pods', { status: 500, reason: 'InternalError' }, 3);
      server.failNext('list pods', 'reset', 3);
      server.failNext('list pods', { status: 429, reason: 'TooManyRequests', retryAfterSeconds: 0 }, 3);
      server.endStreams('pods');
      server.cluster.remove('pods', 'a');
      await recovers();
      expect(loop.counts.failures).toBe(12);
    });

    it('lists again: no server for a while', async () => {
      server.down = true;
      server.breakAll();
      server.cluster.remove('pods', 'a');
      await expect.poll(() => loop.counts.failures).toBeGreaterThan(5);
      expect(cache.all()).toHaveLength(2);
      server.down = false;
      await recovers();
    });
  });

  it('goes on when who listens throws', async () => {
    await follow(quick);
    cache.onChange(() => {
      throw new Error('a fault of the listener');
    });
    server.cluster.remove('pods', 'a');
    await recovers();
    expect(loop.counts).toEqual({ lists: 1, streams: 1, failures: 0 });
  });

  it('is like the server after the next list, whatever the stream repeated, reordered or left out', async () => {
    await follow(quick);
    server.holdChanges();
    for (let n = 0; n < 30; n += 1) server.cluster.create('pods', { metadata: { name: `p${n}` } });
    for (let n = 0; n < 30; n += 2) server.cluster.mergePatch('pods', `p${n}`, { metadata: { labels: { n: `${n}` } } });
    for (let n = 0; n < 30; n += 3) server.cluster.remove('pods', `p${n}`);
    server.sendHeld((changes) => [...changes, ...changes.slice(0, 40)].reverse());
    // nothing is left out yet
    await isAsTheServer();
    server.holdChanges();
    for (let n = 1; n < 30; n += 3) server.cluster.remove('pods', `p${n}`);
    server.sendHeld((changes) => changes.filter((_, index) => index % 2 === 0));
    server.resetStreams('pods');
    await recovers();
  });

  describe('with the time in our hands', () => {
    let clock: ManualClock;

    beforeEach(async () => {
      clock = new ManualClock();
      await follow(watchDefaults, clock);
    });

    it('gives a stream up that has been silent for 70 s', async () => {
      server.silenceStreams('pods');
      server.cluster.remove('pods', 'a');
      clock.advance(69_900);
      await turns();
      expect(server.streams('pods')).toBe(1);
      expect(loop.counts.failures).toBe(0);
      clock.advance(100);
      await expect.poll(() => loop.counts.failures).toBe(1);
      expect(cache.get('a')).not.toBeNull();
      clock.advance(2_000);
      await recovers();
    });

    it('keeps a quiet stream, which has its bookmarks, and is never older than a minute', async () => {
      for (let second = 0; second < 239; second += 1) {
        clock.advance(1000);
        if (second % 60 === 59) await expect.poll(() => cache.freshMs()).toBe(0);
        expect(cache.freshMs()).toBeLessThanOrEqual(60_000);
      }
      expect(loop.counts).toEqual({ lists: 1, streams: 1, failures: 0 });
    });

    it('lists every ten minutes, however well the streams run', async () => {
      for (let second = 0; second < 590; second += 10) {
        clock.advance(10_000);
        await turns();
      }
      expect(loop.counts.lists).toBe(1);
      for (let second = 0; second < 20; second += 1) {
        clock.advance(1_000);
        await turns();
      }
      await expect.poll(() => loop.counts.lists).toBe(2);
      expect(loop.counts.failures).toBe(0);
      expect(loop.counts.streams).toBeGreaterThanOrEqual(3);
    });

    it('lists at once when the version is too old after a stream that worked', async () => {
      clock.advance(10_000);
      server.cluster.remove('pods', 'a');
      server.cluster.forget();
      server.goneAs = 'event';
      server.endStreams('pods');
      await expect.poll(() => loop.counts.streams).toBe(2);
      // the second stream had no time to work
      await expect.poll(() => loop.counts.failures).toBe(1);
      clock.advance(2_000);
      await recovers();
    });

    it('waits for as long as a busy server asks', async () => {
      clock.advance(10_000);
      server.failNext('list pods', { status: 429, reason: 'TooManyRequests', retryAfterSeconds: 20 });
      server.resetStreams('pods');
      await expect.poll(() => loop.counts.failures).toBe(1);
      clock.advance(2_000);
      await expect.poll(() => loop.counts.failures).toBe(2);
      clock.advance(20_000);
      await turns();
      expect(server.calls.get('list pods')).toBe(2);
      clock.advance(4_000);
      await recovers();
    });

    it('waits longer and longer, up to half a minute, for a server that ends each stream at once', async () => {
      let ended = 0;
      const endedSoFar = (): number => ended;
      server.onStream = () => {
        ended += 1;
        server.endStreams('pods');
      };
      server.endStreams('pods');
      const needed: number[] = [];
      for (let stream = 0; stream < 8; stream += 1) {
        const before = endedSoFar();
        let waitedMs = 0;
        do {
          clock.advance(500);
          await turns();
          waitedMs += 500;
        } while (endedSoFar() === before);
        needed.push(waitedMs);
      }
      expect(needed[0]).toBeLessThanOrEqual(3_000);
      expect(Math.min(...needed.slice(-3))).toBeGreaterThanOrEqual(14_000);
      expect(Math.max(...needed)).toBeLessThanOrEqual(31_000);
      expect(loop.counts.lists).toBe(1);
    });

    it('gives a list up that never answers', async () => {
      clock.advance(10_000);
      server.failNext('list pods', 'stall');
      server.resetStreams('pods');
      await expect.poll(() => loop.counts.failures).toBe(1);
      clock.advance(2_000);
      await expect.poll(() => server.calls.get('list pods')).toBe(2);
      clock.advance(15_000);
      await expect.poll(() => loop.counts.failures).toBe(2);
      clock.advance(4_000);
      await recovers();
    });
  });

  it('leaves connections that were lost without a word, also those that wait for use, before the caches are history', async () => {
    const clock = new ManualClock();
    server = new FakeApiServer({ clock });
    await server.start();
    server.cluster.create('pods', { metadata: { name: 'a' } });
    const proxy = new StallingProxy(server.port);
    await proxy.start();
    try {
      begin(watchDefaults, clock, proxy.port);
      await expect.poll(() => server.streams('pods')).toBe(1);
      // of two calls at once two connections are left, and lists take the first that is free
      await Promise.all([client.get('pods', 'a'), client.get('pods', 'a')]);
      expect(proxy.stallOpen()).toBe(3);
      server.cluster.remove('pods', 'a');
      clock.advance(watchDefaults.silenceMs - 1);
      await turns();
      expect([loop.counts.failures, server.calls.get('list pods')]).toEqual([0, 1]);
      clock.advance(1);
      await expect.poll(() => loop.counts.failures).toBe(1);
      clock.advance(watchDefaults.retry.firstDelayMs);
      expect(cache.freshMs()).toBeLessThan(blindAfterMs);
      await isAsTheServer();
      expect(cache.all()).toEqual([]);
      await expect.poll(() => server.streams('pods')).toBeGreaterThan(0);
      expect(loop.counts).toMatchObject({ lists: 2, failures: 1 });
    } finally {
      await loop.stop();
      await proxy.stop();
    }
  });

  it('needs no more memory and no more sockets after 10,000 reconnects', { timeout: 120_000 }, async () => {
    await follow({ ...quick, retry: { firstDelayMs: 0, maxDelayMs: 0 }, settledMs: 0 });
    let reconnects = 0;
    let socketsMax = 0;
    const start = process.cpuUsage();
    const rough = [
      () => server.writeToStreams('pods', 'garbage\n'),
      () => server.writeToStreams('pods', `${JSON.stringify({ type: 'ERROR', object: { code: 410, reason: 'Expired' } })}\n`),
      () => server.resetStreams('pods'),
    ];
    const heaps: number[] = [];
    const done = new Promise<void>((resolve) => {
      server.onStream = () => {
        reconnects += 1;
        socketsMax = Math.max(socketsMax, server.sockets);
        if (reconnects % 1000 === 0) heaps.push(heapUsedBytes());
        if (reconnects === 10_000) resolve();
        else if (reconnects % 10 > 0) server.endStreams('pods');
        else rough[(reconnects / 10) % rough.length]!();
      };
    });
    server.endStreams('pods');
    await done;
    const [first, last] = [heaps[1]!, heaps.at(-1)!];
    const { user, system } = process.cpuUsage(start);
    console.info(
      `${Math.round((user + system) / 1000)} ms of CPU; heap after 2,000: ${first} bytes, after 10,000: ${last}; sockets at most ${socketsMax}, ${server.connectionsSeen} connections`,
    );
    expect(last - first).toBeLessThan(1_000_000);
    expect(socketsMax).toBeLessThanOrEqual(3);
    server.onStream = () => undefined;
    await recovers();
    expect(server.sockets).toBeLessThanOrEqual(3);
  });
});

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

/** Lets what is on its way through sockets arrive: for what should not happen, and so cannot be waited for. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await new Promise(setImmediate);
}

function heapUsedBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
