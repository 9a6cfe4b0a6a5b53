import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DevProcess } from '../testing/dev-process.js';
import { exitCode } from './exit-code.js';

const MiB = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'aether-real-'));
let store: DevProcess;

/** A store as `aetherstore dev` makes it, in the folder where `aether` will look for its credentials. */
beforeAll(async () => {
  store = await DevProcess.startUp(folder);
});

afterAll(async () => {
  await store.stop();
  rmSync(folder, { recursive: true });
});

function start(args: readonly string[], variables: Record<string, string> = {}): ChildProcess {
  const { PATH } = process.env;
  return spawn(process.execPath, [resolve('dist/aether.js'), ...args], {
    cwd: folder,
    env: { PATH, HOME: folder, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function aether(...args: string[]): Promise<Ended> {
  return ended(start(args));
}

interface Ended {
  code: number;
  out: Buffer;
  err: string;
}

async function ended(child: ChildProcess): Promise<Ended> {
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout!.on('data', (piece: Buffer) => out.push(piece));
  child.stderr!.on('data', (piece: Buffer) => err.push(piece));
  const [code] = (await once(child, 'close')) as [number];
  return { code, out: Buffer.concat(out), err: Buffer.concat(err).toString() };
}

test('objects go up, are listed, explained, come down equal, and are deleted', async () => {
  const body = randomBytes(70 * MiB);
  writeFileSync(join(folder, 'big'), body);
  expect(await aether('put', 'big', 's3://demo/dir/')).toMatchObject({ code: 0, err: '' });
  expect((await aether('ls', '-r', 's3://demo', '-o', 'name')).out.toString()).toBe('s3://demo/dir/big\n');
  const explained = JSON.parse((await aether('explain', 's3://demo/dir/big', '-o', 'json')).out.toString()) as {
    chunks: { copies: unknown[] }[];
  };
  expect(explained.chunks.length).toBeGreaterThan(1);
  for (const chunk of explained.chunks) expect(chunk.copies.length).toBeGreaterThanOrEqual(2);
  expect((await aether('get', 's3://demo/dir/big', 'copy')).out.toString()).toContain('verified by CRC32C');
  expect(readFileSync(join(folder, 'copy')).equals(body)).toBe(true);
  expect((await aether('cat', 's3://demo/dir/big', '--range', '33554430-33554440')).out.equals(body.subarray(33_554_430, 33_554_441))).toBe(
    true,
  );
  expect((await aether('rm', '-r', '--yes', 's3://demo/dir/')).code).toBe(0);
  expect((await aether('stat', 's3://demo/dir/big')).code).toBe(exitCode.notFound);
});

test('status sees three live nodes; clearing one that is not quarantined is refused', async () => {
  const status = JSON.parse((await aether('status', '-o', 'json')).out.toString()) as {
    nodes: { live: number };
    nodeList: { id: string }[];
  };
  expect(status.nodes.live).toBe(3);
  expect((await aether('node', 'clear', status.nodeList[0]!.id, '--yes')).code).toBe(exitCode.conflict);
  expect((await aether('status', '--exit-code')).code).toBe(0);
});

test('a port of the store that is not the one wanted is told as that', async () => {
  const swapped = { AETHER_MASTER_ADDRESS: `http://127.0.0.1:${store.port}`, AWS_ENDPOINT_URL: '' };
  const credentials = readFileSync(join(folder, 'aether-data', 'credentials.env'), 'utf8');
  swapped.AWS_ENDPOINT_URL = /AETHER_MASTER_ADDRESS=(.*)/.exec(credentials)![1]!;
  for (const [args, port] of [
    [['status'], 'the REST port of a master, 42100'],
    [['ls', 's3://demo'], 'the S3 port of a gateway, 9000'],
  ] as const) {
    const { code, err } = await ended(start(args, swapped));
    expect(code).not.toBe(0);
    expect(err).toMatch(/answered, with HTTP status 4\d\d, but not as/);
    expect(err).toContain(port);
  }
});

test('Ctrl-C leaves neither an upload nor an object behind', async () => {
  writeFileSync(join(folder, 'large'), Buffer.alloc(300 * MiB));
  const child = start(['put', 'large', 's3://demo/large', '--debug', '--concurrency', '1']);
  let err = '';
  for await (const text of child.stderr!.setEncoding('utf8') as AsyncIterable<string>) {
    err += text;
    if (!child.killed && err.includes('partNumber=2')) child.kill('SIGINT');
  }
  if (child.exitCode === null) await once(child, 'exit');
  expect(child.exitCode).toBe(exitCode.interrupted);
  expect(err).toMatch(/DELETE \S+uploadId=\S+: 204/);
  expect((await aether('ls', 's3://demo', '-o', 'json')).out.toString()).toBe('[]\n');
});

test('bench cleans up behind itself', async () => {
  const { code, out } = await aether('bench', 'put', '--duration', '1', '--concurrency', '8', '-o', 'json');
  expect(code).toBe(0);
  expect((JSON.parse(out.toString()) as { operations: number }).operations).toBeGreaterThan(0);
  expect((await aether('ls', 's3://demo', '-o', 'json')).out.toString()).toBe('[]\n');
  expect(readdirSync(folder)).toContain('aether-data');
});
