import { afterEach, expect, test } from 'vitest';
import { createAdminServer, type AdminServer } from './admin-server.js';
import { createMetricsRegistry } from './metrics-registry.js';

let server: AdminServer;
afterEach(() => server.close());

async function ask(path: string, method = 'GET'): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  return { status: response.status, text: (await response.text()).trim() };
}

test('liveness is always there, readiness says why not', async () => {
  let ready: boolean | string = 'no master';
  server = await createAdminServer({ host: '127.0.0.1', port: 0, metrics: () => Promise.resolve(''), ready: () => ready });
  expect(await ask('/livez')).toEqual({ status: 200, text: 'alive' });
  expect(await ask('/readyz')).toEqual({ status: 503, text: 'no master' });
  ready = true;
  expect(await ask('/readyz')).toEqual({ status: 200, text: 'ready' });
  expect((await ask('/')).status).toBe(404);
  expect((await ask('/livez', 'POST')).status).toBe(405);
});

test('metrics tell of the process, and a failure shows nothing of its inside', async () => {
  const registry = createMetricsRegistry('gateway');
  let broken = false;
  const metrics = (): Promise<string> => (broken ? Promise.reject(new Error('secret inside')) : registry.metrics());
  server = await createAdminServer({ host: '127.0.0.1', port: 0, metrics, ready: () => true });
  expect((await ask('/metrics')).text).toMatch(/process_resident_memory_bytes\{role="gateway"\} \d+/);
  broken = true;
  expect(await ask('/metrics')).toEqual({ status: 500, text: 'the metrics could not be collected' });
});

test('a port in use is an error to the caller', async () => {
  server = await createAdminServer({ host: '127.0.0.1', port: 0, metrics: () => Promise.resolve(''), ready: () => true });
  await expect(
    createAdminServer({ host: '127.0.0.1', port: server.port, metrics: () => Promise.resolve(''), ready: () => true }),
  ).rejects.toThrow(/EADDRINUSE/);
});
