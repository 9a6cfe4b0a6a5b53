/** At most so many lines are kept until the screen is shown. */
const heldLinesMax = 200;

/** What the children say before the screen is shown is held back: most of it is that others are not up yet. */
export class ChildOutput {
  readonly #print: (text: string) => void;
  #held: string[] | null = [];
  #isOver = false;

  constructor(print: (text: string) => void) {
    this.#print = print;
  }

  take(line: string): void {
    if (this.#isOver) return;
    if (!this.#held) this.#print(line);
    else if (this.#held.length < heldLinesMax) this.#held.push(line);
  }

  /** Shows what was held back, and from now on everything at once. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const line of held) this.#print(line);
  }

  /** Shows what was held back and nothing more: that processes lose each other while they stop is no news. */
  end(): void {
    this.release();
    this.#isOver = true;
  }

  /** All went well: drops what was held back. */
  forget(): void {
    this.#held = null;
  }
}
