import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { consoleSteps, fillIn, mismatch } from './console-steps.js';
import { Shell } from './shell.js';

/* The README's section on compose, run as it stands, in a project of its own. Needs the image of `make image`. */

const steps = consoleSteps(readFileSync('README.md', 'utf8'), 'Compose');
const known = new Map<string, string>();
const environment = { COMPOSE_PROJECT_NAME: 'aetherstore-test', COMPOSE_FILE: resolve('docker-compose.yml') };
const folder = mkdtempSync(join(tmpdir(), 'aether-compose-'));
const shell = new Shell(folder, environment);

afterAll(async () => {
  await shell.run('docker compose down --volumes --timeout 5');
  shell.close();
  rmSync(folder, { recursive: true });
});

test('the section has the lines of the original', () => {
  expect(steps.length).toBeGreaterThan(12);
});

/** Each command needs those before it: after the first that fails the rest is left out. */
let broken = false;

describe.each(steps.map((step) => [step.command, step] as const))('%s', (command, step) => {
  test('prints what the README says', async ({ skip }) => {
    if (broken) skip();
    broken = true;
    const { printed, code } = await shell.run(fillIn(command, known));
    expect(mismatch(step.expected, printed, known)).toBeNull();
    expect(code, printed).toBe(0);
    broken = false;
  });
});
