import { must } from '../../base/must.js';
import { execute, noRoom } from '../execute.js';
import { Refusal } from '../../model/refusal.js';
import type { TransactionName } from '../transactions.js';
import { statement, type KeptStatement, type Outcome, type SqlValue, type Statement, type Transaction, type Tx } from '../tx.js';
import { Answered, runNow } from './answered.js';
import { isFull, isStatementFault, type SqliteConnection } from './connection.js';
import { Counters } from './counters.js';
import { KeptRows } from './kept-rows.js';
import { readNow } from './read-now.js';

export interface WriteRequest {
  name: TransactionName;
  args: object;
}

/** `failed`: the transaction has a fault; nothing of it was kept. */
export type WriteAnswer = Outcome | { failed: string };

interface Turn {
  request: WriteRequest;
  answer: WriteAnswer | null;
  savepoint: boolean;
}

const begin = statement('BEGIN IMMEDIATE');
const commit = statement('COMMIT');
const rollback = statement('ROLLBACK');
const savepoint = statement('SAVEPOINT nested');
const rollbackToSavepoint = statement('ROLLBACK TO nested');
const release = statement('RELEASE nested');

/** A refusal has to take back rows that it has written, and no savepoint was set. */
class SavepointMissing extends Error {
  override readonly name = 'SavepointMissing';
}

/**
 * Runs groups of transactions on the writing connection: one commit, one fsync for all of a group.
 *
 * Transactions refuse before they write, as far as they can, so a savepoint for each would be a tenth of the work for
 * nothing. One that refuses after writing costs its group another turn, in which it gets a savepoint.
 */
export class GroupWriter {
  readonly #connection: SqliteConnection;
  readonly #counters: Counters;
  readonly #kept: KeptRows;
  readonly #tx: Tx;
  readonly #hasRoom: () => boolean;
  /** Whether the request under way runs in savepoints. */
  #savepoint = false;

  /** `hasRoom` is asked before each group: without room what would add is refused. */
  constructor(connection: SqliteConnection, hasRoom: () => boolean) {
    this.#connection = connection;
    this.#hasRoom = hasRoom;
    this.#counters = new Counters(connection);
    this.#kept = new KeptRows(connection);
    this.#tx = this.#makeTx();
  }

  /**
   * Answers in the order of the requests, after the commit. Throws when the disk or the file failed: what was committed
   * is then unknown, and this object is of no more use. A full disk is no fault: who finds no room there is refused.
   */
  commitGroup(requests: readonly WriteRequest[]): WriteAnswer[] {
    const group: Turn[] = requests.map((request) => ({ request, answer: null, savepoint: false }));
    const hasRoom = this.#hasRoom();
    try {
      while (!this.#tryGroup(group, hasRoom));
    } catch (error) {
      if (!isFull(error)) throw error;
      this.#rollBack();
      // Alone, what needs little may fit, and a repeat of what was committed is told so: only who needs room is refused.
      return requests.length > 1 ? requests.flatMap((request) => this.commitGroup([request])) : [refusedForRoom()];
    }
    return group.map(({ answer }) => must(answer, 'an answer to each request'));
  }

  /** False: rolled back, and what stood in the way is marked; try again. */
  #tryGroup(group: readonly Turn[], hasRoom: boolean): boolean {
    this.#connection.run(begin, []);
    for (const turn of group) {
      if (turn.answer !== null && 'failed' in turn.answer) continue;
      const { name, args } = turn.request;
      this.#savepoint = turn.savepoint;
      try {
        turn.answer = runNow(execute(this.#tx, name, args, hasRoom));
      } catch (error) {
        if (!isStatementFault(error)) throw error;
        this.#rollBack();
        if (error instanceof SavepointMissing) turn.savepoint = true;
        else turn.answer = { failed: `${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` };
        return false;
      }
    }
    this.#counters.write();
    this.#connection.run(commit, []);
    this.#counters.settle();
    return true;
  }

  #rollBack(): void {
    if (this.#connection.inTransaction) this.#connection.run(rollback, []);
    this.#counters.reset();
    this.#kept.forget();
  }

  #makeTx(): Tx {
    const connection = this.#connection;
    const counters = this.#counters;
    return {
      ...readNow(connection),
      getKept: <Args extends readonly [] | readonly [key: string], Row>(wanted: KeptStatement<Args, Row>, args: Args) =>
        new Answered(this.#kept.get(wanted, args)),
      run: <Args extends readonly SqlValue[]>(wanted: Statement<Args, never>, args: Args) => new Answered(connection.run(wanted, args)),
      nextNumber: () => new Answered(counters.next()),
      bump: (counter, by) => new Answered(counters.add(counter, by)),
      nested: <Result>(body: Transaction<Result>) => new Answered(this.#runNested(body)),
    };
  }

  #runNested<Result>(body: Transaction<Result>): Outcome<Result> {
    const mark = this.#counters.mark();
    const writes = this.#connection.writes;
    if (this.#savepoint) this.#connection.run(savepoint, []);
    try {
      const value = runNow(body);
      if (this.#savepoint) this.#connection.run(release, []);
      return { value };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (this.#savepoint) {
        this.#connection.run(rollbackToSavepoint, []);
        this.#kept.forget();
        this.#connection.run(release, []);
      } else if (this.#connection.writes > writes) {
        throw new SavepointMissing('a refusal after rows were written', { cause: error });
      }
      this.#counters.backTo(mark);
      return { refused: { code: error.code, detail: error.detail } };
    }
  }
}

function refusedForRoom(): Outcome {
  const { code, detail } = noRoom();
  return { refused: { code, detail } };
}
