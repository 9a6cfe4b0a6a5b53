/** What a key holds: the identity of a content, or null for nothing. */
export type KeyState = string | null;

/** One operation on one key, as its client saw it. */
export interface Step {
  /** For people. */
  name: string;
  startMs: number;
  /** Null: the outcome is unknown. It took effect at one moment after its start, or never. */
  endMs: number | null;
  requires: { is: KeyState } | { isNot: KeyState } | null;
  /** Absent: nothing changes. */
  becomes?: KeyState;
}

export type Verdict = { kind: 'linearizable' } | { kind: 'violation'; story: string } | { kind: 'undecided' };

/** Configurations looked at before a key counts as undecided. */
const configurationsMax = 400_000;

/**
 * Whether there is an order of the steps, each at one moment between its start and its end, that a single copy of the
 * key could have shown (Wing and Gong's search, with a memory of configurations that lead nowhere). The key holds
 * nothing at first. Steps with unknown outcome may be left out.
 */
export function judgeKey(steps: readonly Step[]): Verdict {
  return new Search(steps).run();
}

class Search {
  /** Steps with an outcome, by start. */
  readonly #known: Step[];
  /** Steps that may have happened, by start. */
  readonly #maybe: Step[];
  readonly #done: boolean[];
  readonly #used: boolean[];
  readonly #deadEnds = new Set<string>();
  #configurations = 0;
  /** The longest explanation found, for the story of a violation. */
  #best: { base: number; state: KeyState } = { base: 0, state: null };

  constructor(steps: readonly Step[]) {
    const sorted = steps.toSorted((a, b) => a.startMs - b.startMs);
    this.#known = sorted.filter((step) => step.endMs !== null);
    this.#maybe = sorted.filter((step) => step.endMs === null && step.becomes !== undefined);
    this.#done = this.#known.map(() => false);
    this.#used = this.#maybe.map(() => false);
  }

  run(): Verdict {
    const found = this.#from(0, null);
    if (found) return { kind: 'linearizable' };
    if (this.#configurations > configurationsMax) return { kind: 'undecided' };
    return { kind: 'violation', story: this.#story() };
  }

  /** `from` is the first known step that may not be done. Leaves `done` and `used` as it found them. */
  #from(from: number, state: KeyState): boolean {
    this.#configurations += 1;
    if (this.#configurations > configurationsMax) return false;
    const quiet: number[] = [];
    let base = from;
    for (;;) {
      while (base < this.#known.length && this.#done[base]) base += 1;
      const next = this.#enabled(base).find((index) => this.#known[index]!.becomes === undefined && holds(this.#known[index]!, state));
      if (next === undefined) break;
      this.#done[next] = true; // a read that holds now can never do harm now
      quiet.push(next);
    }
    if (base > this.#best.base) this.#best = { base, state };
    const found = base === this.#known.length || this.#branch(base, state);
    for (const index of quiet) this.#done[index] = false;
    return found;
  }

  #branch(base: number, state: KeyState): boolean {
    const key = this.#configuration(base, state);
    if (this.#deadEnds.has(key)) return false;
    const enabled = this.#enabled(base);
    for (const index of enabled) {
      const step = this.#known[index]!;
      if (step.becomes === undefined || !holds(step, state)) continue;
      this.#done[index] = true;
      const found = this.#from(base, step.becomes);
      this.#done[index] = false;
      if (found) return true;
    }
    const untilMs = this.#deadlineMs(base);
    for (const [index, step] of this.#maybe.entries()) {
      if (step.startMs > untilMs) break;
      if (this.#used[index] || step.becomes === undefined || step.becomes === state || !holds(step, state)) continue;
      this.#used[index] = true;
      const found = this.#from(base, step.becomes);
      this.#used[index] = false;
      if (found) return true;
    }
    this.#deadEnds.add(key);
    return false;
  }

  /** Known steps that may be next: they began before any other that is left had to be over. */
  #enabled(base: number): number[] {
    const untilMs = this.#deadlineMs(base);
    const enabled: number[] = [];
    for (let index = base; index < this.#known.length && this.#known[index]!.startMs <= untilMs; index += 1) {
      if (!this.#done[index]) enabled.push(index);
    }
    return enabled;
  }

  /** The earliest end of all known steps that are left. */
  #deadlineMs(base: number): number {
    let deadlineMs = Infinity;
    for (let index = base; index < this.#known.length; index += 1) {
      const step = this.#known[index]!;
      if (step.startMs > deadlineMs) break;
      if (!this.#done[index]) deadlineMs = Math.min(deadlineMs, step.endMs!);
    }
    return deadlineMs;
  }

  #configuration(base: number, state: KeyState): string {
    const ahead: number[] = [];
    for (let index = base; index < this.#known.length; index += 1) if (this.#done[index]) ahead.push(index);
    const used = this.#used.flatMap((isUsed, index) => (isUsed ? [index] : []));
    return `${base}|${ahead.join(',')}|${used.join(',')}|${state}`;
  }

  #story(): string {
    const { base, state } = this.#best;
    const around = this.#known.slice(Math.max(0, base - 6), base + 6);
    const maybe = this.#maybe.filter((step) => step.startMs <= (this.#known[base]?.endMs ?? Infinity)).slice(-6);
    const stuck = this.#known[base];
    return [
      `no order explains ${stuck ? line(stuck).trim() : 'the end'}; the key would hold ${state}; around it:`,
      ...around.map(line),
      ...(maybe.length > 0 ? ['outcome unknown:', ...maybe.map(line)] : []),
    ].join('\n');
  }
}

function holds(step: Step, state: KeyState): boolean {
  if (step.requires === null) return true;
  return 'is' in step.requires ? step.requires.is === state : step.requires.isNot !== state;
}

function line(step: Step): string {
  const endMs = step.endMs === null ? '?' : step.endMs.toFixed(1);
  return `  ${step.startMs.toFixed(1)}..${endMs} ${step.name} requires ${JSON.stringify(step.requires)} becomes ${JSON.stringify(step.becomes)}`;
}
