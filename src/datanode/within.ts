import type { Clock } from '../base/clock.js';

/** Waits for `work`, but no longer than `delayMs`; rejects when `work` does before. */
export async function within(delayMs: number, work: Promise<void>, clock: Clock): Promise<void> {
  const enough = new AbortController();
  const late = clock.sleep(delayMs, enough.signal);
  late.catch(() => undefined);
  try {
    await Promise.race([work, late]);
  } finally {
    enough.abort(new Error('done'));
  }
}
