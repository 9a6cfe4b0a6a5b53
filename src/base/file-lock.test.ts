import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockFile } from './file-lock.js';
import { StartRefused } from './start-refused.js';

test('a file is held by one, until it lets go', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aether-lock-'));
  const path = join(folder, 'LOCK');
  const held = lockFile(path, 'the first');
  expect(() => lockFile(path, 'the first')).toThrow(StartRefused);
  expect(() => lockFile(path, 'the first')).toThrow(`${path} is held by another process: stop the first first`);
  held.release();
  lockFile(path, 'nobody').release();
  rmSync(folder, { recursive: true });
});
