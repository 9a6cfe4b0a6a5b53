import type { Backoff } from './backoff.js';
import type { Clock } from './clock.js';
import type { Log } from './log.js';

/** Background work: one small unit at a time, with a way to wait for more. */
export interface Task {
  readonly name: string;
  /** One unit. Answers how long to wait before the next one; 0 goes on at once. */
  work(signal: AbortSignal): Promise<number>;
}

export interface TaskLoopParts {
  clock: Clock;
  log: Log;
  backoff: Backoff;
}

/** Runs a task until stopped. A unit that throws is logged and tried again after the backoff. */
export class TaskLoop {
  readonly #task: Task;
  readonly #parts: TaskLoopParts;
  readonly #abort = new AbortController();
  #wake: AbortController | null = null;
  #awake = false;
  #done: Promise<void> | null = null;

  constructor(task: Task, parts: TaskLoopParts) {
    this.#task = task;
    this.#parts = parts;
  }

  start(): void {
    this.#done ??= this.#run();
  }

  /** Ends the current wait: there is work. Remembered when a unit is under way. */
  wake(): void {
    this.#awake = true;
    this.#wake?.abort();
  }

  /** Resolves when the unit under way has ended. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error(`${this.#task.name} stops`));
    this.#wake?.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { clock, log, backoff } = this.#parts;
    while (!this.#abort.signal.aborted) {
      let delayMs: number;
      this.#awake = false;
      try {
        delayMs = await this.#task.work(this.#abort.signal);
        backoff.reset();
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        delayMs = backoff.nextDelayMs();
        log.warn({ task: this.#task.name, err: error, delayMs: Math.round(delayMs) }, 'background work failed, will be tried again');
      }
      if (delayMs > 0 && !this.#awake && !this.#abort.signal.aborted) {
        this.#wake = new AbortController();
        await clock.sleep(delayMs, this.#wake.signal).catch(() => undefined);
        this.#wake = null;
      }
    }
  }
}
