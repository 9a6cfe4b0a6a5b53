import { execFileSync } from 'node:child_process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { turnLines } from './turn-lines.js';

it('writes the lines of one turn at once, and those of the next by themselves', async () => {
  const written: string[] = [];
  const lines = turnLines((text) => written.push(text));
  lines.write('a\n');
  await Promise.resolve();
  lines.write('b\n');
  expect(written).toEqual([]);
  await nextTurn();
  expect(written).toEqual(['a\nb\n']);
  lines.write('c\n');
  await nextTurn();
  expect(written).toEqual(['a\nb\n', 'c\n']);
});

it('does not hold more than a little', () => {
  let writtenChars = 0;
  const lines = turnLines((text) => (writtenChars += text.length));
  for (let count = 0; count < 1000; count += 1) lines.write('x'.repeat(1000));
  expect(writtenChars).toBeGreaterThan(900_000);
  lines.flush();
  expect(writtenChars).toBe(1_000_000);
});

it('lets a log say its last words when the process ends in the same turn', () => {
  const script = `
    const { createLog } = await import(${JSON.stringify(new URL('./log.ts', import.meta.url).href)});
    createLog({ level: 'info', format: 'json', role: 'test' }).info('last words');
    process.exit(0);`;
  const output = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(output).toContain('last words');
});
