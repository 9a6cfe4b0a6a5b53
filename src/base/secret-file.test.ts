import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from './clock.js';
import { silentLog } from './log.js';
import { SecretFile, SecretRefused, newSecret, secretWeakness, writeSecretFileOnce } from './secret-file.js';

let folder: string;
let nowMs: number;
const clock = { monotonicMs: () => nowMs } as Clock;
const parts = { clock, log: silentLog };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aether-secret-'));
  nowMs = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

function fileWith(content: string): string {
  const path = join(folder, 'secret');
  writeFileSync(path, content);
  return path;
}

describe('a secret that protects nothing is refused', () => {
  test.each([
    ['empty', ''],
    ['short', 'abcdefgh12345678'],
    ['one letter', 'a'.repeat(40)],
    ['a word of manuals, repeated', 'changeme-changeme-changeme-2024'],
    ['words of manuals', 'minioadmin:secret-access-key'],
    ['the example of the manual', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'],
    ['with a space', 'kqH4 0vJ2 mXz9 PwLr 77Ud sBnA'],
  ])('%s', (_, secret) => {
    expect(secretWeakness(secret)).not.toBeNull();
    expect(() => new SecretFile({ path: fileWith(`${secret}\n`), setting: 'AETHER_CLUSTER_SECRET_FILE' }, parts)).toThrow(SecretRefused);
  });

  test('the message names the file and never shows the secret', () => {
    const path = fileWith(`${newSecret()}\nhunter2hunter2\n`);
    expect(() => new SecretFile({ path, setting: 'AETHER_CLUSTER_SECRET_FILE' }, parts)).toThrow(
      /^AETHER_CLUSTER_SECRET_FILE: secret 2 of .*\/secret is shorter/,
    );
    expect(() => new SecretFile({ path, setting: 'AETHER_CLUSTER_SECRET_FILE' }, parts)).not.toThrow(/hunter2/);
  });

  test('a file that is not there is refused', () => {
    expect(() => new SecretFile({ path: join(folder, 'none'), setting: 'AETHER_REST_TOKEN_FILE' }, parts)).toThrow(
      /^AETHER_REST_TOKEN_FILE: .*none cannot be read \(ENOENT\)/,
    );
  });

  test('generated ones are accepted', () => {
    for (let round = 0; round < 100; round += 1) expect(secretWeakness(newSecret())).toBeNull();
  });

  test('a long line is judged at once', () => {
    expect(secretWeakness(`${'change me '.repeat(5000).replaceAll(' ', '')}!x`)).toBeNull();
  });
});

test('a file holds several secrets, the first is ours; notes stand apart', () => {
  const [first, second] = [newSecret(), newSecret()];
  const file = new SecretFile(
    { path: fileWith(`# cluster-id: 0190\n\n${first}\n  ${second}\n`), setting: 'AETHER_CLUSTER_SECRET_FILE' },
    parts,
  );
  expect(file.lines()).toEqual([first, second]);
  expect(file.buffers()).toEqual([Buffer.from(first), Buffer.from(second)]);
  expect(file.note('cluster-id')).toBe('0190');
  expect(file.note('other')).toBeNull();
});

test('a change is taken over, a change for the worse is not', () => {
  const [first, second] = [newSecret(), newSecret()];
  const path = fileWith(first);
  const file = new SecretFile({ path, setting: 'AETHER_CLUSTER_SECRET_FILE' }, parts);
  fileWith(`${second}\n${first}`);
  expect(file.lines()).toEqual([first]);
  nowMs += 1000;
  expect(file.lines()).toEqual([second, first]);
  fileWith('');
  nowMs += 1000;
  expect(file.lines()).toEqual([second, first]);
  rmSync(path);
  nowMs += 1000;
  expect(file.lines()).toEqual([second, first]);
});

test('a secret file is written once, for its owner alone', async () => {
  const path = join(folder, 'new', 'secret');
  const outcomes = await Promise.all([writeSecretFileOnce(path, 'one\n'), writeSecretFileOnce(join(folder, 'other'), 'two\n')]);
  expect(outcomes).toEqual([true, true]);
  expect(await writeSecretFileOnce(path, 'three\n')).toBe(false);
  expect(readFileSync(path, 'utf8')).toBe('one\n');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(folder, 'new'))).toEqual(['secret']);
});
