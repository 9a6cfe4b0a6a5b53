import type { Clock, Timer } from '../../base/clock.js';
import { must } from '../../base/must.js';
import { statement } from '../tx.js';
import { isFull, type SqliteConnection } from './connection.js';

interface CheckpointRow {
  busy: number;
  log: number; // pages in the log
  checkpointed: number; // of them in the database file already
}

const look = statement<[], CheckpointRow>('PRAGMA wal_checkpoint(NOOP)');
const passive = statement<[], CheckpointRow>('PRAGMA wal_checkpoint(PASSIVE)');

/** Under load the log is carried over at this size, which bounds how long that takes. 4 KiB pages. */
const pagesMax = 8192;
/** After so long without a commit it is carried over whatever its size. */
const idleMs = 500;

/** Carries the write-ahead log into the database file, between commits, by the thread that writes. */
export class Checkpoints {
  readonly #connection: SqliteConnection;
  readonly #clock: Clock;
  #idle: Timer | null = null;

  constructor(connection: SqliteConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /** Call after each commit. */
  committed(): void {
    this.#idle?.cancel();
    const { log, checkpointed } = this.#run(look);
    if (log - checkpointed >= pagesMax) this.#carryOver();
    else this.#idle = this.#clock.setTimer(idleMs, () => this.#carryOver());
  }

  stop(): void {
    this.#idle?.cancel();
  }

  /** On a full disk everything stays in the log, where it is as safe, and is carried over after a later commit. */
  #carryOver(): void {
    try {
      this.#run(passive);
    } catch (error) {
      if (!isFull(error)) throw error;
    }
  }

  #run(pragma: typeof look): CheckpointRow {
    return must(this.#connection.get(pragma, []), 'the answer of a checkpoint') as CheckpointRow;
  }
}
