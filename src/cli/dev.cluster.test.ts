import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePortRange } from '../testing/free-ports.js';
import { S3TestClient } from '../testing/s3-test-client.js';

let folder: string;
let port: number;
let store: Dev | null = null;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aether-dev-'));
  port = await freePortRange();
});

afterEach(async () => {
  store?.process.kill('SIGKILL');
  await store?.ended;
  await portsAreFree();
  rmSync(folder, { recursive: true });
});

/** `aetherstore dev` as somebody starts it. */
class Dev {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  output = '';
  #wake: () => void = () => undefined;

  constructor(...args: string[]) {
    this.process = spawn(process.execPath, ['dist/main.js', 'dev', '--dir', folder, '--port', String(port), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      this.#wake();
    });
    this.ended = once(this.process, 'exit').then(([code]) => {
      this.#wake();
      return code as number | null;
    });
  }

  async says(text: string | RegExp): Promise<void> {
    while (!(typeof text === 'string' ? this.output.includes(text) : text.test(this.output))) {
      if (this.process.exitCode !== null) throw new Error(`dev has ended: ${this.output}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

async function startDev(...args: string[]): Promise<Dev> {
  store = new Dev(...args);
  await store.says('Ctrl-C');
  return store;
}

function credentials(): Record<string, string> {
  const text = readFileSync(join(folder, 'credentials.env'), 'utf8');
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
  const search = spawn('pgrep', ['-f', `main.js ${role} .*${folder}/${name}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  search.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
  return once(search, 'close').then(() => text.split('\n').filter(Boolean).map(Number));
}

async function portsAreFree(): Promise<void> {
  while ((await childPids('(master|datanode)')).length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
}

test('one command starts a store that takes objects, and the next one finds them', async () => {
  const first = await startDev();
  expect(first.output).toContain(`http://127.0.0.1:${port} `);
  expect(first.output).toContain('on this one host');
  expect(statSync(join(folder, 'credentials.env')).mode & 0o777).toBe(0o600);
  expect(first.output).toContain(credentials()['AWS_SECRET_ACCESS_KEY']);
  expect((await client().request({ method: 'PUT', path: '/demo/kept', body: Buffer.from('kept') })).status).toBe(200);
  const before = credentials();

  const askedMs = performance.now();
  first.process.kill('SIGINT');
  expect(await first.ended).toBe(0);
  expect(performance.now() - askedMs).toBeLessThan(5000);
  expect(await childPids('(master|datanode)')).toEqual([]);

  await startDev();
  expect(credentials()).toEqual(before);
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

test('when dev itself is killed, no child stays behind', async () => {
  const dev = await startDev('--nodes', '2', '--log-level', 'info');
  expect(await childPids('(master|datanode)')).toHaveLength(3);
  dev.process.kill('SIGKILL');
  await dev.ended;
  await portsAreFree();
});

test('a second dev on the same folder refuses, and the first goes on', async () => {
  await startDev();
  const otherPort = await freePortRange();
  const second = spawn(process.execPath, ['dist/main.js', 'dev', '--dir', folder, '--port', String(otherPort)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [second.stdout, second.stderr]) stream.on('data', (piece: Buffer) => (output += piece.toString()));
  const [code] = (await once(second, 'close')) as [number];
  expect(code, output).toBe(2);
  expect(output).toMatch(/held by another process/);
  expect((await client().request({ method: 'GET', path: '/demo' })).status).toBe(200);
});
