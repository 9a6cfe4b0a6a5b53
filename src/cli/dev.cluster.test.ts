import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DevProcess } from '../testing/dev-process.js';
import { S3TestClient } from '../testing/s3-test-client.js';

let folder: string;
let store: DevProcess | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aether-dev-'));
});

afterEach(async () => {
  store?.process.kill('SIGKILL');
  await store?.ended;
  await portsAreFree();
  rmSync(folder, { recursive: true });
});

async function startDev(...args: string[]): Promise<DevProcess> {
  store = await DevProcess.startUp(folder, ...args);
  return store;
}

function credentials(): Record<string, string> {
  const text = readFileSync(join(folder, 'aether-data', 'credentials.env'), 'utf8');
  return Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]));
}

function client(): S3TestClient {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL } = credentials();
  return new S3TestClient({
    endpoint: AWS_ENDPOINT_URL!,
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID!, secretAccessKey: AWS_SECRET_ACCESS_KEY! },
    timeoutMs: 30_000,
  });
}

/** Children of this store, by their command lines. */
function childPids(role: string, name = ''): Promise<number[]> {
  const search = spawn('pgrep', ['-f', `main.js ${role} .*${folder}/aether-data/${name}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  search.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
  return once(search, 'close').then(() => text.split('\n').filter(Boolean).map(Number));
}

async function portsAreFree(): Promise<void> {
  while ((await childPids('(master|datanode)')).length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
}

test('one command starts a store that takes objects, and the next one finds them', async () => {
  const first = await startDev();
  expect(first.output).toContain(`http://127.0.0.1:${first.port} `);
  expect(first.output).toContain('on this one host');
  expect(statSync(join(folder, 'aether-data', 'credentials.env')).mode & 0o777).toBe(0o600);
  expect(first.output).toContain(credentials()['AWS_SECRET_ACCESS_KEY']);
  expect((await client().request({ method: 'PUT', path: '/demo/kept', body: Buffer.from('kept') })).status).toBe(200);
  const before = credentials();

  const askedMs = performance.now();
  expect(await first.stop()).toBe(0);
  expect(performance.now() - askedMs).toBeLessThan(5000);
  expect(await childPids('(master|datanode)')).toEqual([]);

  await startDev();
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AETHER_REST_TOKEN']) expect(credentials()[name]).toBe(before[name]);
  const answer = await client().request({ method: 'GET', path: '/demo/kept' });
  expect(answer.status).toBe(200);
  expect(answer.body.toString()).toBe('kept');
});

test('a child that is killed comes back, and nobody notices', async () => {
  const dev = await startDev();
  const s3 = client();
  expect((await s3.request({ method: 'PUT', path: '/demo/a', body: Buffer.from('a') })).status).toBe(200);
  const [pid] = await childPids('datanode', 'node-2');
  process.kill(pid!, 'SIGKILL');
  expect((await s3.request({ method: 'GET', path: '/demo/a' })).body.toString()).toBe('a');
  expect((await s3.request({ method: 'PUT', path: '/demo/b', body: Buffer.from('b') })).status).toBe(200);
  await dev.says(/node-2 was ended by SIGKILL, starts again in 0\.\d s/);
  while ((await childPids('datanode', 'node-2')).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  expect((await s3.request({ method: 'GET', path: '/demo/b' })).body.toString()).toBe('b');
});

test('a store that has lost a volume goes on with two, says so, and does not start with one', async () => {
  const first = await startDev();
  expect((await client().request({ method: 'PUT', path: '/demo/a', body: Buffer.from('a') })).status).toBe(200);
  const [pid] = await childPids('datanode', 'node-1');
  rmSync(join(folder, 'aether-data', 'node-1'), { recursive: true });
  process.kill(pid!, 'SIGKILL');
  await first.says('The store goes on without it');
  expect((await client().request({ method: 'GET', path: '/demo/a' })).body.toString()).toBe('a');
  expect((await client().request({ method: 'PUT', path: '/demo/b', body: Buffer.from('b') })).status).toBe(200);
  expect(await first.stop()).toBe(0);

  const second = await startDev();
  await second.says(/2 datanodes[^]*node-1 ended with exit code 2: .* unexpectedly empty[^]*The store goes on without it/);
  expect((await client().request({ method: 'GET', path: '/demo/b' })).body.toString()).toBe('b');
  expect(await second.stop()).toBe(0);

  rmSync(join(folder, 'aether-data', 'node-2'), { recursive: true });
  const third = await DevProcess.start(folder);
  expect(await third.ended, third.output).toBe(2);
  expect(third.output).toMatch(/node-[12] ended with exit code 2: .* unexpectedly empty.*\n$/);
});

test('when dev itself is killed, no child stays behind', async () => {
  const dev = await startDev('--nodes', '2', '--log-level', 'info');
  expect(await childPids('(master|datanode)')).toHaveLength(3);
  dev.process.kill('SIGKILL');
  await dev.ended;
  await portsAreFree();
});

test('a second dev on the same folder refuses, and the first goes on', async () => {
  await startDev();
  const second = await DevProcess.start(folder);
  expect(await second.ended, second.output).toBe(2);
  expect(second.output).toMatch(/^aetherstore: .*LOCK is held by another process: stop the other aetherstore dev on this folder first\n$/);
  expect((await client().request({ method: 'GET', path: '/demo' })).status).toBe(200);
});
