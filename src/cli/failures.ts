import { CliError } from './cli-error.js';
import type { Context } from './context.js';
import { exitCode } from './exit-code.js';

/** Work on several things of which some may fail: goes on, says each failure, and ends with exit code 6. */
export class Failures {
  readonly #context: Context;
  #begun = 0;
  #failed = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  /** So many pieces are worked on now. */
  begin(count: number): void {
    this.#begun += count;
  }

  /** Runs one piece of the work; null: it failed. Ctrl-C fails the command itself. */
  async guard<Done>(name: string, work: () => Promise<Done>): Promise<Done | null> {
    this.begin(1);
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CliError) || error.facts.exitCode === exitCode.interrupted) throw error;
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
      what: `${this.#failed} of ${this.#begun} failed.`,
      why: 'Each is named above.',
    });
  }
}
