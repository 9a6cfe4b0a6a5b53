import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runAether, type AetherRun } from '../testing/run-aether.js';
import { exitCode } from './exit-code.js';

const folder = mkdtempSync(join(tmpdir(), 'aether-cli-'));

function run(...args: string[]): Promise<AetherRun> {
  return runAether(args, { folder });
}

async function complete(...words: string[]): Promise<string[]> {
  return (await run('__complete', '--', ...words)).out.split('\n').filter(Boolean);
}

test('the exit codes are what scripts rely on', () => {
  expect(exitCode).toEqual({
    ok: 0,
    other: 1,
    usage: 2,
    notFound: 3,
    denied: 4,
    conflict: 5,
    partial: 6,
    unreachable: 7,
    unhealthy: 8,
    interrupted: 130,
  });
});

describe('the command line', () => {
  test.each([
    [['stauts'], /Did you mean status\?/],
    [['ls', '--recursiv'], /Did you mean --recursive\?/],
    [['config', 'profil'], /Did you mean profile\?/],
    [['ls', '-o', 'yaml'], /there is no such format/],
    [['ls', '--timeout', 'soon', 's3://b'], /No S3 endpoint|number of seconds/],
    [['cat'], /missing required argument[^]*try: aether cat --help/i],
    [['bench', 'delete'], /Allowed choices are put, get, mixed/],
    [['get', 'not-an-address'], /is no address/],
    [['cat', 's3://bucket'], /names a bucket, not an object/],
    [['rm', 's3://b/k'], /add --yes/],
    [['ls'], /No S3 endpoint is configured/],
    [['status'], /No address of a master/],
    [['ls', '--endpoint-url', 'http://127.0.0.1:1'], /No access key is configured/],
  ])('%j ends with exit code 2 and words', async (args, words) => {
    const { code, out, err } = await run(...args);
    expect(err).toMatch(words);
    expect(out).toBe('');
    expect(code).toBe(exitCode.usage);
  });

  test('help and version are results', async () => {
    const help = await run('--help');
    expect(help.code).toBe(0);
    for (const command of ['status', 'put', 'get', 'ls', 'rm', 'cat', 'stat', 'node', 'explain', 'bench', 'config', 'completion']) {
      expect(help.out).toContain(`\n  ${command}`);
    }
    expect(help.out).not.toContain('__complete');
    expect(await run('--version')).toMatchObject({ code: 0, out: 'aether 1.2.3\n' });
    expect(await run('version', '-o', 'json')).toMatchObject({ code: 0, out: '{\n  "version": "1.2.3"\n}\n' });
  });

  test('a group without a command shows its help and fails', async () => {
    const { code, err } = await run('node');
    expect(code).toBe(exitCode.usage);
    expect(err).toContain('clear');
  });

  test.each([['-o', 'json'], ['-o=jsonl'], ['--output', 'json'], ['-ojson']])('errors are JSON with %s %s', async (...format) => {
    const { code, err, out } = await run('ls', ...format.filter((word) => word !== undefined));
    expect(JSON.parse(err)).toEqual({
      error: { code: 'usage', message: expect.any(String) as string, hint: expect.any(String) as string, requestId: null },
    });
    expect([code, out]).toEqual([2, '']);
  });

  test('nobody answers: exit code 7, and where the address may come from', async () => {
    const variables = { AETHER_ENDPOINT_URL: 'http://127.0.0.1:1', AETHER_ACCESS_KEY_ID: 'a', AETHER_SECRET_ACCESS_KEY: 'hush' };
    const { code, err } = await runAether(['ls', '--debug'], { folder, variables });
    expect(code).toBe(exitCode.unreachable);
    expect(err).toContain('Nothing listens there');
    expect(err).toContain('endpoint: http://127.0.0.1:1 from environment (AETHER_*)');
    expect(err).not.toContain('hush');
  });
});

describe('completion', () => {
  test('completes commands, subcommands, options and choices', async () => {
    expect(await complete('st')).toEqual(['status', 'stat']);
    expect(await complete('config', 'pro')).toEqual(['profile']);
    expect(await complete('config', 'profile', '')).toEqual(['add', 'use', 'ls']);
    expect(await complete('status', '--w')).toEqual(['--watch']);
    expect(await complete('bench', '')).toEqual(['put', 'get', 'mixed']);
    expect(await complete('put', 'README')).toEqual([]);
  });

  test.each(['bash', 'zsh', 'fish'])('there is a script for %s', async (shell) => {
    const { out, code } = await run('completion', shell);
    expect(code).toBe(0);
    expect(out).toContain('aether __complete --');
  });
});
