import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { mutants } from './mutants.js';

const missing = spawnSync('patch', ['--version']).error !== undefined;

test.skipIf(missing).each(mutants.map(({ name }) => [name]))('the bug of the mutant %s can still be planted', (name) => {
  const { status, stdout } = spawnSync('patch', ['-p1', '--dry-run', '--fuzz=0', '-i', `src/testing/mutants/${name}.patch`], {
    encoding: 'utf8',
  });
  expect(status, stdout).toBe(0);
});
