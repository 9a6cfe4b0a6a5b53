import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DevProcess } from '../dev-process.js';
import { consoleSteps, fillIn, mismatch } from './console-steps.js';
import { Shell } from './shell.js';

/*
 * The README's own lines, run as they stand. `make run` is what it runs after installing and building, with other ports:
 * the lines take theirs from credentials.env.
 */

const readme = readFileSync('README.md', 'utf8');
const [run, ...steps] = ['Quick start', 'Then try', 'REST'].flatMap((heading) => consoleSteps(readme, heading));
const folder = mkdtempSync(join(tmpdir(), 'aether-readme-'));
const known = new Map<string, string>();
let store: DevProcess;
let shell: Shell;

beforeAll(async () => {
  copyFileSync('README.md', join(folder, 'README.md'));
  shell = new Shell(folder);
  store = await DevProcess.startUp(folder);
});

afterAll(async () => {
  shell.close();
  await store.stop();
  rmSync(folder, { recursive: true });
});

test('the first command is `make run`, and its screen is the one in the README', () => {
  expect(run?.command).toBe('make run');
  expect(mismatch(run!.expected, store.output, known)).toBeNull();
});

/** Each command needs those before it: after the first that fails the rest is left out. */
let broken = false;

describe.each(steps.map((step) => [step.command, step] as const))('%s', (command, step) => {
  const missing = missingProgram(command);
  test.skipIf(missing)(missing ? `skipped: ${missing} is not installed` : 'prints what the README says', async ({ skip }) => {
    if (broken) skip();
    broken = true;
    const { printed, code } = await shell.run(fillIn(command, known));
    expect(mismatch(step.expected, printed, known)).toBeNull();
    expect(code, printed).toBe(0);
    broken = false;
  });
});

/** A client of the README that is not on this machine; `.ci/run` installs them. A later line may need an earlier one's file. */
function missingProgram(command: string): string | null {
  const program = /^(aws|cmp)\b/.exec(command)?.[1];
  const needed = program === 'cmp' ? 'aws' : program;
  return needed && spawnSync(needed, ['--version']).error ? needed : null;
}
