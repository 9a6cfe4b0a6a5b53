import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { consoleSteps, fillIn, mismatch } from '../src/testing/readme/console-steps.js';
import { command } from './command.js';
import { place, removeNamespace } from './environment.js';
import { PortForward } from './port-forward.js';
import type { Release } from './release.js';
import { openTerminal, type Terminal } from './terminal.js';

/* The README's section on Kubernetes, run as it stands, in a namespace of its own that kubectl and helm take for theirs. */

const steps = consoleSteps(readFileSync('README.md', 'utf8'), 'Kubernetes');
const namespace = 'readme';
const known = new Map<string, string>();
let terminal: Terminal;
let release: Release;

beforeAll(async () => {
  release = await place({ namespace });
  terminal = await openTerminal(namespace);
});

afterAll(async () => {
  await terminal.shell.run('kill $(jobs -p)');
  terminal.close();
  await removeNamespace(release);
});

/** Each command needs those before it: after the first that fails the rest is left out. */
let broken = false;

describe.each(steps.map((step) => [step.command, step] as const))('%s', (line, step) => {
  test('prints what the README says', async ({ skip }) => {
    if (broken) skip();
    broken = true;
    const { printed, code } = await terminal.shell.run(fillIn(line, known));
    expect(mismatch(step.expected, printed, known)).toBeNull();
    expect(code, printed).toBe(0);
    broken = false;
  });
});

test('the section has an upload through a port-forward', () => {
  expect(steps.some(({ command: line }) => line.includes('large.bin s3://demo/'))).toBe(true);
});

test('a port-forward outlives an upload that is refused early', async () => {
  const forward = await PortForward.open(release.kube, `service/${release.fullname}`, 9000);
  try {
    for (let turn = 0; turn < 3; turn += 1) {
      const upload = [
        '-s',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        '-T',
        '-',
        '-H',
        'Expect:',
        `http://127.0.0.1:${forward.port}/demo/refused`,
      ];
      const ran = await command('bash', ['-c', `head -c 200M /dev/zero | curl "$@" || true`, 'curl', ...upload], 'largeRequest');
      expect(ran).toMatch(/403$/);
    }
    expect(forward.isAlive, 'the forward still stands').toBe(true);
    expect(await command('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', `http://127.0.0.1:${forward.port}/-/healthy`])).toBe(
      '200',
    );
  } finally {
    await forward.close();
  }
});
