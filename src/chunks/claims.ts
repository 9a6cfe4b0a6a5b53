/** Ids whose fate is being decided: one decision at a time for each, in the order of asking. */
export class Claims {
  /** Whoever waits for the decision: mostly nobody. */
  readonly #waiting = new Map<string, (() => void)[] | null>();

  /** Null when the claim is taken at once, as nearly always; else a promise that resolves when it is. */
  take(id: string): Promise<void> | null {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) {
      this.#waiting.set(id, null);
      return null;
    }
    return new Promise((resolve) => {
      if (waiting === null) this.#waiting.set(id, [resolve]);
      else waiting.push(resolve);
    });
  }

  /** The decision is made: the claim goes to who has waited longest. */
  release(id: string): void {
    const next = this.#waiting.get(id)?.shift();
    if (next === undefined) this.#waiting.delete(id);
    else next();
  }

  /** Resolves when every decision that was asked for is made. */
  async idle(): Promise<void> {
    await Promise.all(
      [...this.#waiting.keys()].map(async (id) => {
        await this.take(id);
        this.release(id);
      }),
    );
  }
}
