import { appendFileSync } from 'node:fs';
import type { Seen } from './history-load.js';

/** One line of the table at the end of a run: what clients without retries saw while something happened. */
export function tellAvailability(scenario: string, seen: Seen, durationMs: number): void {
  const { requests, failed, pauseMs } = seen;
  const percent = requests === 0 ? '-' : ((failed / requests) * 100).toFixed(3);
  const cells = [
    `${requests} requests`,
    `${failed} failed`,
    `${percent} %`,
    `longest pause ${(pauseMs / 1000).toFixed(1)} s`,
    `${(durationMs / 1000).toFixed(0)} s`,
  ];
  const line = `${scenario.padEnd(34)} ${cells.map((cell) => cell.padStart(16)).join('  ')}`;
  console.log(line);
  const table = process.env['E2E_TABLE'];
  if (table) appendFileSync(table, `${line}\n`);
}
