import type { Clock } from './clock.js';
import { exitCodes, type RoleFailure, type RunningRole } from './running-role.js';

const endSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export interface UntilEndedOptions {
  /** How long the stop may take. */
  stopDeadlineMs: number;
  /** Called with one line for each turn on the way to the end. */
  tell: (line: string) => void;
}

/**
 * Waits until a role has ended, and answers with the exit code. It is asked to stop by a signal, or by the end of the
 * process that started it; a second signal or the deadline ends the waiting, since a crash loses nothing either.
 * Rejects when the start does.
 */
export async function untilEnded(starting: Promise<RunningRole>, options: UntilEndedOptions, clock: Clock): Promise<number> {
  const calls = listenForCalls();
  try {
    const failed = starting.then((role) => role.failed);
    const first = await Promise.race([failed, calls.first]);
    if (isFailure(first)) {
      options.tell(first.reason);
      if (first.exitCode === exitCodes.ioFault) return first.exitCode; // nothing more is written, not even for a good end
    } else options.tell(`${first}: stops`);

    const stopped = starting.then(async (role) => {
      await role.stop();
      return 'stopped';
    });
    const deadline = clock.sleep(options.stopDeadlineMs).then(() => `not stopped within ${options.stopDeadlineMs} ms`);
    const end = await Promise.race([stopped, deadline, calls.second]);
    if (isFailure(first)) return first.exitCode;
    if (end === 'stopped') return 0;
    options.tell(`${end}: ends at once`);
    return exitCodes.other;
  } finally {
    calls.close();
  }
}

function isFailure(value: RoleFailure | string): value is RoleFailure {
  return typeof value !== 'string';
}

/** The first and the second time that this process is asked to end, by whom. */
function listenForCalls(): { first: Promise<string>; second: Promise<string>; close: () => void } {
  const waiting: ((who: string) => void)[] = [];
  const next = (): Promise<string> => new Promise((resolve) => waiting.push(resolve));
  const [first, second] = [next(), next()];
  const onSignal = (signal: string): void => waiting.shift()?.(signal);
  // the end of the parent may follow its signal: it is never the second call
  const onOrphaned = (): void => {
    if (waiting.length === 2) waiting.shift()?.('its parent has ended');
  };
  for (const signal of endSignals) process.on(signal, onSignal);
  process.on('disconnect', onOrphaned);
  const close = (): void => {
    for (const signal of endSignals) process.off(signal, onSignal);
    process.off('disconnect', onOrphaned);
  };
  return { first, second, close };
}
