import { setTimeout as pause } from 'node:timers/promises';
import { timeoutMs, type Event } from './timeouts.js';

const askAgainMs = 500;

/** Asks again and again until the answer is not null; fails with what was seen last. */
export async function until<T>(event: Event, what: string, ask: () => Promise<T | null>, lastSeen: () => unknown = () => ''): Promise<T> {
  const endMs = performance.now() + timeoutMs(event);
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > endMs)
      throw new Error(`after ${timeoutMs(event)} ms (${event}) still not: ${what} ${JSON.stringify(lastSeen())}`);
    await pause(askAgainMs);
  }
}
