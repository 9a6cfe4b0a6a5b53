import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ProcessCluster } from '../testing/process-cluster.js';
import { S3TestClient } from '../testing/s3-test-client.js';

const folder = mkdtempSync(join(tmpdir(), 'aether-drain-'));
const gateways = ['gateway-0', 'gateway-1'];
/** How late a load balancer learns that a gateway is not ready, and how long a gateway gives it. */
const learnMs = 500;
const drainDelayMs = 3000;
const cluster = await ProcessCluster.create({
  folder,
  datanodes: 2,
  gateways: gateways.length,
  timeFactor: 0.1,
  environmentOf: Object.fromEntries(gateways.map((name) => [name, { AETHER_DRAIN_DELAY_MS: String(drainDelayMs) }])),
});
afterAll(async () => {
  await cluster.killAll();
  rmSync(folder, { recursive: true });
});

async function isReady(name: string): Promise<boolean> {
  return fetch(`${cluster.adminAddress(name)}/readyz`).then(
    (answer) => answer.ok,
    () => false,
  );
}

test('no request is lost while gateways are restarted one after the other', async () => {
  await cluster.startAll();
  const clients = gateways.map((name) => {
    const client = (alwaysConnects: boolean): S3TestClient =>
      new S3TestClient({ endpoint: cluster.address(name), credentials: cluster.credentials, timeoutMs: 30_000, alwaysConnects });
    return { name, fresh: client(true), kept: client(false) };
  });
  let endpoints = gateways;
  const over = new AbortController();

  // A load balancer that looks now and then, and clients that repeat nothing.
  const balance = (async () => {
    while (!over.signal.aborted) {
      const ready = await Promise.all(gateways.map(isReady));
      endpoints = gateways.filter((_, index) => ready[index]);
      await new Promise((resolve) => setTimeout(resolve, learnMs));
    }
  })();
  const statuses = new Map<string, number>();
  const work = async (which: 'fresh' | 'kept', worker: number): Promise<void> => {
    for (let n = 0; !over.signal.aborted; n += 1) {
      const { [which]: client } = clients.find(({ name }) => name === endpoints[n % endpoints.length])!;
      const body = Buffer.from(`${worker} ${n}`);
      const path = `/readiness/${which}-${worker}`;
      const outcome = await client.request({ method: 'PUT', path, body }).then(
        async ({ status }) => {
          const read = await client.request({ method: 'GET', path });
          return `${status} ${read.status} ${read.body.equals(body) ? 'equal' : 'other bytes'}`;
        },
        (error: unknown) => String(error),
      );
      statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1);
    }
  };
  const working = Promise.all([work('fresh', 1), work('fresh', 2), work('kept', 3)]);

  for (const name of gateways) {
    const before = cluster.process(name);
    before.kill('SIGTERM');
    await cluster.until('it is not ready', async () => !(await isReady(name)), drainDelayMs / 2);
    expect((await fetch(`${cluster.adminAddress(name)}/livez`)).ok).toBe(true);
    // Whoever has not heard of it yet is still served, for the last time on this connection.
    const late = await clients.find((each) => each.name === name)!.kept.request({ method: 'GET', path: '/readiness' });
    expect([late.status, late.headers.connection]).toEqual([200, 'close']);
    expect(await before.ended).toEqual({ code: 0, signal: null });
    cluster.start(name);
    await cluster.whenReady(name);
    await new Promise((resolve) => setTimeout(resolve, 2 * learnMs)); // as a Deployment waits for the balancer
  }
  over.abort();
  await Promise.all([balance, working]);
  for (const { fresh, kept } of clients) {
    fresh.close();
    kept.close();
  }
  expect([...statuses.keys()]).toEqual(['200 200 equal']);
  expect(statuses.get('200 200 equal')).toBeGreaterThan(100);
}, 120_000);
