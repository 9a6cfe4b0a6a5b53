import { must } from '../../base/must.js';
import { counterNames, statement, type Counter } from '../tx.js';
import type { SqliteConnection } from './connection.js';

/** What had been added when something began, to come back to. */
export type CounterMark = readonly number[];

/** The columns of the only row, in the order in which additions are kept. */
const columns = ['number', ...counterNames] as const;
const numberPlace = 0;
const places = new Map(columns.map((column, place) => [column, place]));

const givenOutLast = statement<[], { number: number }>('SELECT number FROM counter');
const addToCounters = statement<number[]>(`UPDATE counter SET ${columns.map((column) => `${column} = ${column} + ?`).join(', ')}`);

/** Counters of a group of transactions, kept in memory until its commit: one write for all. */
export class Counters {
  readonly #connection: SqliteConnection;
  #numberStored: number;
  readonly #added: number[] = columns.map(() => 0);

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    this.#numberStored = (must(connection.get(givenOutLast, []), 'the row of the counters') as { number: number }).number;
  }

  next(): number {
    this.#added[numberPlace]! += 1;
    return this.#numberStored + this.#added[numberPlace]!;
  }

  add(counter: Counter, by: number): void {
    this.#added[places.get(counter)!]! += by;
  }

  mark(): CounterMark {
    return this.#added.slice();
  }

  backTo(mark: CounterMark): void {
    for (const [place, by] of mark.entries()) this.#added[place] = by;
  }

  /** Writes what was added, as part of the commit that follows. */
  write(): void {
    if (this.#added.some((by) => by !== 0)) this.#connection.run(addToCounters, this.#added);
  }

  /** The commit has succeeded. */
  settle(): void {
    this.#numberStored += this.#added[numberPlace]!;
    this.#added.fill(0);
  }

  /** The group was rolled back. */
  reset(): void {
    this.#added.fill(0);
  }
}
