import { statement, type Counter } from '../tx.js';
import type { SqliteConnection } from './connection.js';

/** What a counter had when something began, to come back to. */
export interface CounterMark {
  number: number;
  changes: number;
}

export const numberCounter = 'number';
export const counterValue = statement<[name: string], { value: number }>('SELECT value FROM counter WHERE name = ?');
export const addToCounter = statement<[name: string, by: number]>(
  'INSERT INTO counter (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value',
);

/** Counters of a group of transactions, kept in memory until its commit: one write per counter and group. */
export class Counters {
  readonly #connection: SqliteConnection;
  #numberStored: number;
  #number: number;
  readonly #changes: { counter: Counter; by: number }[] = [];

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    const row = connection.get(counterValue, [numberCounter]) as { value: number } | undefined;
    this.#numberStored = row?.value ?? 0;
    this.#number = this.#numberStored;
  }

  next(): number {
    this.#number += 1;
    return this.#number;
  }

  add(counter: Counter, by: number): void {
    this.#changes.push({ counter, by });
  }

  mark(): CounterMark {
    return { number: this.#number, changes: this.#changes.length };
  }

  backTo(mark: CounterMark): void {
    this.#number = mark.number;
    this.#changes.length = mark.changes;
  }

  /** Writes the changes, as part of the commit that follows. */
  write(): void {
    const sums = new Map<string, number>([[numberCounter, this.#number - this.#numberStored]]);
    for (const { counter, by } of this.#changes) sums.set(counter, (sums.get(counter) ?? 0) + by);
    for (const [name, by] of sums) if (by !== 0) this.#connection.run(addToCounter, [name, by]);
  }

  /** The commit has succeeded. */
  settle(): void {
    this.#numberStored = this.#number;
    this.#changes.length = 0;
  }

  /** The group was rolled back. */
  reset(): void {
    this.backTo({ number: this.#numberStored, changes: 0 });
  }
}
