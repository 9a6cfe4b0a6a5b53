import { Presets, SingleBar } from 'cli-progress';
import type { Clock, Timer } from '../base/clock.js';
import type { Environment } from './environment.js';
import { formatBytes } from './output.js';

/** Where nobody watches a bar, a line now and then shows that the work goes on. */
const lineEveryMs = 10_000;

/** How far a transfer is. */
export interface Progress {
  add(bytes: number): void;
  end(): void;
}

export interface ProgressOptions {
  label: string;
  /** Null: not known. */
  totalBytes: number | null;
  /** Already there from an earlier run. */
  doneBytes?: number;
}

/** On stderr: a bar on a terminal, else a line every 10 s; nothing when quiet. */
export function startProgress(environment: Environment, quiet: boolean, options: ProgressOptions): Progress {
  if (quiet) return { add: () => undefined, end: () => undefined };
  return environment.errorsIsTerminal ? bar(environment, options) : lines(environment, options);
}

function bar({ errors, clock }: Environment, { label, totalBytes, doneBytes = 0 }: ProgressOptions): Progress {
  const startMs = clock.monotonicMs();
  let bytes = doneBytes;
  const known = totalBytes === null ? '' : ' [{bar}] {percentage}%';
  const single = new SingleBar(
    {
      format: `${label}${known} {done} {rate}/s`,
      stream: errors,
      hideCursor: true,
      clearOnComplete: true,
      fps: 5,
    },
    Presets.legacy,
  );
  const payload = (): { done: string; rate: string } => ({
    done: formatBytes(bytes),
    rate: formatBytes(rateOf(bytes - doneBytes, clock, startMs)),
  });
  single.start(totalBytes ?? 0, bytes, payload());
  return {
    add(added) {
      bytes += added;
      single.update(bytes, payload());
    },
    end: () => single.stop(),
  };
}

function lines({ errors, clock }: Environment, { label, totalBytes, doneBytes = 0 }: ProgressOptions): Progress {
  const startMs = clock.monotonicMs();
  let bytes = doneBytes;
  let timer: Timer;
  const schedule = (): Timer =>
    clock.setTimer(lineEveryMs, () => {
      const of = totalBytes === null ? '' : ` of ${formatBytes(totalBytes)}`;
      errors.write(`${label}: ${formatBytes(bytes)}${of}, ${formatBytes(rateOf(bytes - doneBytes, clock, startMs))}/s\n`);
      timer = schedule();
    });
  timer = schedule();
  return {
    add(added) {
      bytes += added;
    },
    end: () => timer.cancel(),
  };
}

/** Whole bytes per second. */
function rateOf(bytes: number, clock: Clock, startMs: number): number {
  return Math.round((bytes * 1000) / Math.max(1, clock.monotonicMs() - startMs));
}
