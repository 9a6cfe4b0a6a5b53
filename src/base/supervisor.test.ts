import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from './clock.js';
import { systemRandom } from './random.js';
import { Supervisor, type SupervisorOptions } from './supervisor.js';

const parts = { clock: systemClock, random: systemRandom };
const lines: { name: string; line: string }[] = [];
const restarts: string[] = [];
const waiting: (() => void)[] = [];

function wake(): void {
  for (const resolve of waiting.splice(0)) resolve();
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => waiting.push(resolve));
}

function supervisor(more: Partial<SupervisorOptions> = {}): Supervisor {
  lines.length = 0;
  restarts.length = 0;
  running = new Supervisor(
    {
      onLine: (name, line) => {
        lines.push({ name, line });
        wake();
      },
      onRestart: (name, how) => {
        restarts.push(`${name} ${how}`);
        wake();
      },
      ...more,
    },
    parts,
  );
  return running;
}
let running: Supervisor | null = null;
afterEach(() => running?.stop(1000));

/** A child that says its process id, is ready, and stops as a role does. */
const wellBehaved = `
  console.log(process.pid);
  process.on('disconnect', () => process.exit());
  process.on('SIGTERM', () => { console.log('stopping'); process.exit(); });
  process.send('ready');
`;

function command(name: string, script: string): Parameters<Supervisor['start']>[0] {
  return { name, args: ['-e', script], environment: { PATH: process.env['PATH'] } };
}

const pidsOf = (name: string): number[] =>
  lines.filter((entry) => entry.name === name && /^\d+$/.test(entry.line)).map(({ line }) => Number(line));

test('a child that is killed comes back', async () => {
  await supervisor().start(command('one', wellBehaved));
  await until(() => pidsOf('one').length === 1);
  process.kill(pidsOf('one')[0]!, 'SIGKILL');
  await until(() => pidsOf('one').length === 2);
  expect(restarts).toEqual(['one was ended by SIGKILL']);
});

test('stopping asks each child and leaves none', async () => {
  const both = supervisor();
  await Promise.all([both.start(command('one', wellBehaved)), both.start(command('two', wellBehaved))]);
  await until(() => lines.length === 2);
  await both.stop(5000);
  await until(() => lines.length === 4);
  expect(lines.filter(({ line }) => line === 'stopping')).toHaveLength(2);
  for (const name of ['one', 'two']) expect(() => process.kill(pidsOf(name)[0]!, 0)).toThrow(/ESRCH/);
  expect(restarts).toEqual([]);
});

test('a child that does not stop is killed at the deadline', async () => {
  await supervisor().start(
    command('deaf', `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); ${wellBehaved.replace('process.exit();', '')}`),
  );
  await until(() => pidsOf('deaf').length === 1);
  await running!.stop(100);
  expect(() => process.kill(pidsOf('deaf')[0]!, 0)).toThrow(/ESRCH/);
});

test('a child that refuses its configuration is not started again', async () => {
  const refused = supervisor();
  void refused.start(command('picky', `console.error('this will not do'); process.exit(2)`));
  expect(await refused.failed).toEqual({ exitCode: 2, reason: 'picky ended with exit code 2: this will not do' });
  expect(lines).toEqual([{ name: 'picky', line: 'this will not do' }]);
  expect(restarts).toEqual([]);
});

test('others go on without a child that refuses when they are told that they may', async () => {
  const refusals: string[] = [];
  const onRefused = (_name: string, reason: string): boolean => refusals.push(reason) > 0;
  const both = supervisor({ onRefused });
  let failed = false;
  void both.failed.then(() => (failed = true));
  await both.start(command('one', wellBehaved));
  void both.start(command('picky', `console.error('this will not do'); process.exit(2)`));
  await until(() => lines.some(({ name }) => name === 'picky'));
  await expect.poll(() => refusals).toEqual(['picky ended with exit code 2: this will not do']);
  process.kill(pidsOf('one')[0]!, 'SIGKILL');
  await until(() => pidsOf('one').length === 2);
  expect([failed, restarts]).toEqual([false, ['one was ended by SIGKILL']]);
});

test('children end when their parent is killed', async () => {
  const parent = spawn(
    process.execPath,
    [
      '-e',
      `const { spawn } = require('node:child_process');
       const child = spawn(process.execPath, ['-e', ${JSON.stringify(wellBehaved)}], { detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
       child.on('message', () => process.kill(process.pid, 'SIGKILL'));`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let pid = '';
  parent.stdout.on('data', (text: Buffer) => {
    pid += text.toString();
  });
  // comes when the pipe has ended, with its last holder, the child; asking for its id would still find it until it is reaped
  await once(parent, 'close');
  expect(pid).toMatch(/^\d+\n$/);
});
