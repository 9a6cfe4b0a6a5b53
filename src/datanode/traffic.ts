import { Refusal } from '../model/refusal.js';

/** Who is being served at the moment. A stop first closes the door to writers, then waits for everybody inside. */
export class Traffic {
  #inside = 0;
  #takesWrites = true;
  #whenEmpty: (() => void)[] = [];

  get takesWrites(): boolean {
    return this.#takesWrites;
  }

  /** Answers the function that says "done" (call it once). A write is refused with `node-closed` after `closeToWrites`. */
  enter(what: 'read' | 'write'): () => void {
    if (what === 'write' && !this.#takesWrites) throw new Refusal('node-closed');
    this.#inside += 1;
    return () => {
      this.#inside -= 1;
      if (this.#inside > 0) return;
      const waiting = this.#whenEmpty;
      this.#whenEmpty = [];
      for (const resolve of waiting) resolve();
    };
  }

  closeToWrites(): void {
    this.#takesWrites = false;
  }

  /** Resolves when nobody is inside. */
  empty(): Promise<void> {
    return this.#inside === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenEmpty.push(resolve));
  }
}
