import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { freePorts } from './testing/free-ports.js';

const folder = mkdtempSync(join(tmpdir(), 'aether-main-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  code: number | null;
  output: string;
  errors: string;
}

/** Runs the built program until it ends. */
async function run(args: string[], environment: Record<string, string> = {}): Promise<Ended> {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, ['dist/main.js', ...args], { env: { PATH, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended: Ended = { code: null, output: '', errors: '' };
  child.stdout.on('data', (piece: Buffer) => (ended.output += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (ended.errors += piece.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { ...ended, code };
}

describe('a start that cannot be is one line and exit code 2', () => {
  const grown = join(folder, 'grown');
  for (const name of ['node-1', 'node-2', 'node-3']) mkdirSync(join(grown, name), { recursive: true });
  const weak = join(folder, 'weak');
  writeFileSync(weak, 'changeme-changeme-changeme\n');
  const loopback = { AETHER_LISTEN_HOST: '127.0.0.1', AETHER_REST_AUTH: 'none' };
  test.each([
    ['unknown role', ['mastr'], {}, /^aetherstore: "mastr" is no role; did you mean master\? /],
    ['unknown flag', ['gateway', '--prot', '1'], {}, /^aetherstore: --prot: no flag of gateway; did you mean --port\?$/],
    [
      'wrong value',
      ['datanode'],
      { AETHER_PORT: 'x' },
      /^aetherstore: AETHER_PORT \(environment\): "x" is not accepted; accepted is a port/,
    ],
    ['unknown variable', ['master'], { AETHER_WRITE_QUORM: '1' }, /did you mean AETHER_WRITE_QUORUM\?$/],
    ['settings against each other', ['master', '--replication-factor', '1'], {}, /^aetherstore: AETHER_WRITE_QUORUM \(default\): 2 /],
    ['no token for everybody', ['datanode', '--rest-auth', 'none'], {}, /accepted is a loopback listener/],
    ['a well-known secret', ['master', '--cluster-secret-file', weak], loopback, /^aetherstore: --cluster-secret-file: .* well-known/],
    [
      'no secret',
      ['gateway'],
      { AETHER_CLUSTER_SECRET_FILE: '/none' },
      /^aetherstore: AETHER_CLUSTER_SECRET_FILE \(environment\): \/none cannot be read/,
    ],
    ['a foreign folder', ['datanode', '--data-path', folder], loopback, /^aetherstore: .*is not a volume of AetherStore/],
    [
      'too few nodes',
      ['dev', '--nodes', '1', '--dir', folder],
      {},
      /^aetherstore: --nodes 1: too few for the 2 copies that a write needs; try --nodes 2, or --write-quorum 1/,
    ],
    [
      'fewer nodes than the folder has',
      ['dev', '--nodes', '2', '--dir', grown],
      {},
      /3 nodes found in .*; --nodes 2 would leave out node-3: start with --nodes 3 /,
    ],
    ['a file as the folder', ['dev', '--dir', weak], {}, /^aetherstore: --dir: .* is not a folder$/],
    ['a flag in the environment', ['dev'], { AETHER_NODES: '4' }, /AETHER_NODES \(environment\): it is a flag only: --nodes$/],
  ] as const)('%s', async (_, args, environment, line) => {
    const ended = await run([...args], environment);
    expect(ended.errors.trimEnd()).toMatch(line);
    expect(ended.errors.trimEnd()).not.toContain('\n');
    expect(ended.code).toBe(2);
  });

  test('a port in use names the port and what to do', async () => {
    const taken = createServer();
    const [port] = await freePorts(1);
    taken.listen(port, '127.0.0.1');
    await once(taken, 'listening');
    const ended = await run(['dev', '--port', String(port), '--dir', join(folder, 'dev')]);
    taken.close();
    expect(ended).toMatchObject({ code: 2, output: '' });
    expect(ended.errors).toBe(
      `aetherstore: in use already: port ${port} (gateway); try --port with another number, the other ports follow from it\n`,
    );
  });
});

test('help and version go to stdout', async () => {
  expect(await run(['help'])).toMatchObject({ code: 0, errors: '' });
  expect(await run(['help', 'datanodes'])).toMatchObject({ code: 2, errors: expect.stringContaining('did you mean datanode?') as string });
  expect((await run(['help', 'datanode'])).output).toContain('--master-address VALUE');
  expect((await run(['gateway', '--help'])).output).toContain('--region VALUE');
  expect((await run(['version'])).output).toMatch(/^aetherstore \d+\.\d+\.\d+ \(Node /);
});

test('init writes secrets once, and health says what is wrong', async () => {
  const dir = join(folder, 'secrets');
  expect((await run(['init', '--dir', dir])).output.trim().split('\n')).toHaveLength(3);
  expect((await run(['init', '--dir', dir])).output).toMatch(/are there already/);
  const [port] = await freePorts(1);
  expect(await run(['health', '--admin-port', String(port)])).toMatchObject({
    code: 1,
    output: expect.stringContaining('ECONNREFUSED') as string,
  });
});

test('a datanode works alone, and ends well on SIGTERM', async () => {
  const [port, adminPort] = await freePorts(2);
  const args = ['datanode', '--listen-host', '127.0.0.1', '--rest-auth', 'none', '--data-path', join(folder, 'alone')];
  const child = spawn(process.execPath, ['dist/main.js', ...args, '--port', String(port), '--admin-port', String(adminPort)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(child, 'message'); // it says that it is ready
  expect((await run(['health', '--admin-port', String(adminPort)])).code).toBe(0);
  const path = `http://127.0.0.1:${port}/objects/3f1c9a52-6d0e-4b43-9c86-0d3c0a5b8f11`;
  expect((await fetch(path, { method: 'PUT', body: 'bytes' })).status).toBe(201);
  expect(await (await fetch(path)).text()).toBe('bytes');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a role stops when the process that started it goes away', async () => {
  const [port, adminPort] = await freePorts(2);
  const args = ['datanode', '--listen-host', '127.0.0.1', '--rest-auth', 'none', '--data-path', join(folder, 'orphan')];
  const child = spawn(process.execPath, ['dist/main.js', ...args, '--port', String(port), '--admin-port', String(adminPort)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([0, null]);
});
