import { CliError } from './cli-error.js';
import type { Context } from './context.js';
import { exitCode } from './exit-code.js';

/** Work on several things of which some may fail: goes on, says each failure, and ends with exit code 6. */
export class Failures {
  readonly #context: Context;
  readonly #total: number;
  #failed = 0;

  constructor(context: Context, total: number) {
    this.#context = context;
    this.#total = total;
  }

  /** Runs one piece of the work; null: it failed. A single piece fails the command itself; Ctrl-C always does. */
  async guard<Done>(name: string, work: () => Promise<Done>): Promise<Done | null> {
    try {
      return await work();
    } catch (error) {
      const goOn = this.#total > 1 && error instanceof CliError && error.facts.exitCode !== exitCode.interrupted;
      if (!goOn) throw error;
      this.add(name, `${error.facts.what} ${error.facts.why ?? ''}`);
      return null;
    }
  }

  add(name: string, why: string): void {
    this.#failed += 1;
    this.#context.note(`${name}: ${why.trim()}`);
  }

  /** At the end: throws when something failed. */
  report(): void {
    if (this.#failed === 0) return;
    throw new CliError({
      exitCode: exitCode.partial,
      code: 'partial',
      what: `${this.#failed} of ${this.#total} failed.`,
      why: 'Each is named above.',
    });
  }
}
