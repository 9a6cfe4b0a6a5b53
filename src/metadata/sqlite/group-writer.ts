import { unreachable } from '../../base/assert.js';
import { execute } from '../execute.js';
import { Refusal } from '../../model/refusal.js';
import type { TransactionName } from '../transactions.js';
import { statement, tx, type Outcome, type Step, type Transaction } from '../tx.js';
import { isStatementFault, type SqliteConnection } from './connection.js';
import { Counters } from './counters.js';
import { answerRead, runNow } from './run-now.js';

export interface WriteRequest {
  name: TransactionName;
  args: object;
}

/** `failed`: the transaction has a fault; nothing of it was kept. */
export type WriteAnswer = Outcome | { failed: string };

const begin = statement('BEGIN IMMEDIATE');
const commit = statement('COMMIT');
const rollback = statement('ROLLBACK');
const savepoint = statement('SAVEPOINT nested');
const rollbackToSavepoint = statement('ROLLBACK TO nested');
const release = statement('RELEASE nested');

/** Runs groups of transactions on the writing connection: one commit, one fsync for all of a group. */
export class GroupWriter {
  readonly #connection: SqliteConnection;
  readonly #counters: Counters;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    this.#counters = new Counters(connection);
  }

  /**
   * Answers in the order of the requests, after the commit. Throws when the disk or the file failed: what was committed
   * is then unknown, and this object is of no more use.
   */
  commitGroup(requests: readonly WriteRequest[]): WriteAnswer[] {
    const answers: (WriteAnswer | undefined)[] = requests.map(() => undefined);
    // One turn, but for transactions with a fault: each costs the group another turn without it.
    while (!this.#tryGroup(requests, answers));
    return answers as WriteAnswer[];
  }

  #tryGroup(requests: readonly WriteRequest[], answers: (WriteAnswer | undefined)[]): boolean {
    this.#connection.run(begin, []);
    for (const [index, { name, args }] of requests.entries()) {
      const known = answers[index];
      if (known !== undefined && 'failed' in known) continue;
      try {
        answers[index] = this.#run(execute(tx, name, args));
      } catch (error) {
        if (!isStatementFault(error)) throw error;
        this.#connection.run(rollback, []);
        this.#counters.reset();
        answers[index] = { failed: `${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` };
        return false;
      }
    }
    this.#counters.write();
    this.#connection.run(commit, []);
    this.#counters.settle();
    return true;
  }

  #run<Result>(transaction: Transaction<Result>): Result {
    return runNow(transaction, (step) => this.#answer(step));
  }

  #answer(step: Step): unknown {
    switch (step.kind) {
      case 'get':
      case 'all':
        return answerRead(this.#connection, step);
      case 'run':
        return this.#connection.run(step.statement, step.args);
      case 'next':
        return this.#counters.next();
      case 'bump':
        return this.#counters.add(step.counter, step.by);
      case 'nested':
        return this.#runNested(step.body);
      default:
        return unreachable(step);
    }
  }

  #runNested(body: Transaction<unknown>): Outcome {
    const mark = this.#counters.mark();
    this.#connection.run(savepoint, []);
    try {
      const value = this.#run(body);
      this.#connection.run(release, []);
      return { value };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#connection.run(rollbackToSavepoint, []);
      this.#connection.run(release, []);
      this.#counters.backTo(mark);
      return { refused: { code: error.code, detail: error.detail } };
    }
  }
}
