import { isDeepStrictEqual } from 'node:util';
import { assert, unreachable } from '../base/assert.js';
import { execute } from '../metadata/execute.js';
import { migrations } from '../metadata/migrations/all.js';
import { queries, type QueryArgs, type QueryName, type QueryResult } from '../metadata/queries.js';
import { SqliteConnection } from '../metadata/sqlite/connection.js';
import { migrate } from '../metadata/sqlite/migrate.js';
import type { TransactionArgs, TransactionName, TransactionResult } from '../metadata/transactions.js';
import {
  counterNames,
  statement,
  type Counter,
  type KeptStatement,
  type Outcome,
  type ReadTx,
  type SqlValue,
  type Statement,
  type Transaction,
  type Tx,
} from '../metadata/tx.js';
import { Refusal } from '../model/refusal.js';
import { resultOf } from './local-store.js';
import type { SeededRandom } from './seeded-random.js';
import type { StoreUnderTest } from './store-under-test.js';

type AnyStatement = Pick<Statement<never, unknown>, 'sql'>;

/** One call of a transaction, for which it waits. */
type Step =
  | { kind: 'get'; statement: AnyStatement; args: readonly SqlValue[] }
  | { kind: 'all'; statement: AnyStatement; args: readonly SqlValue[]; rowsMax: number }
  | { kind: 'run'; statement: AnyStatement; args: readonly SqlValue[] }
  | { kind: 'next' }
  | { kind: 'bump'; counter: Counter; by: number }
  | { kind: 'nested'; body: Transaction<unknown> };

/** Yields each call to the driver as a step and is given its answer. */
const tx: Tx = {
  *get<Args extends readonly SqlValue[], Row>(statement: Statement<Args, Row>, args: Args): Transaction<Row | undefined> {
    return (yield { kind: 'get', statement, args } satisfies Step) as Row | undefined;
  },
  *getKept<Args extends readonly [] | readonly [key: string], Row>(statement: KeptStatement<Args, Row>, args: Args) {
    return (yield { kind: 'get', statement, args } satisfies Step) as Row | undefined;
  },
  *all<Args extends readonly SqlValue[], Row>(statement: Statement<Args, Row>, args: Args, rowsMax: number): Transaction<Row[]> {
    return (yield { kind: 'all', statement, args, rowsMax } satisfies Step) as Row[];
  },
  *run<Args extends readonly SqlValue[]>(statement: Statement<Args, never>, args: Args): Transaction<number> {
    return (yield { kind: 'run', statement, args } satisfies Step) as number;
  },
  *nextNumber(): Transaction<number> {
    return (yield { kind: 'next' } satisfies Step) as number;
  },
  *bump(counter: Counter, by: number): Transaction<void> {
    yield { kind: 'bump', counter, by } satisfies Step;
  },
  *nested<Result>(body: Transaction<Result>): Transaction<Outcome<Result>> {
    return (yield { kind: 'nested', body } satisfies Step) as Outcome<Result>;
  },
};

const nextNumber = statement<[], { number: number }>('UPDATE counter SET number = number + 1 RETURNING number');
const bumps = new Map(counterNames.map((name) => [name, statement<[by: number]>(`UPDATE counter SET ${name} = ${name} + ?`)]));

/** A step after which the database gives up, as one that serialises optimistically does at any time. */
class Conflict extends Error {
  override readonly name = 'Conflict';
}

/** What may be asked twice without an attempt: the second time changes nothing and answers the same. */
const repeatable = new Set<TransactionName>([
  'initCluster',
  'markFenced',
  'addReplicas',
  'confirmDeleted',
  'reportChunk',
  'completeRestUpload',
  'upsertNode',
  'recordLogMark',
  'acceptElection',
]);

const conflictChance = 0.03;
const waitChance = 0.05;
const lostAnswerChance = 0.3;
const conflictsMax = 3;

/**
 * Another database as bad as it may be: it waits between steps, rolls transactions back in the middle and runs them from
 * the beginning, and loses the answer to a COMMIT, after which the caller asks again. A transaction that is not a pure
 * function of its arguments and rows ends here in another state than on the SQLite driver.
 */
export class HostileStore implements StoreUnderTest {
  readonly rows = SqliteConnection.openInMemory();
  readonly #random: SeededRandom;
  /** One transaction at a time: the state is that of some serial order. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(random: SeededRandom) {
    this.#random = random;
    migrate(this.rows, ':memory:', migrations);
  }

  write<N extends TransactionName>(name: N, args: TransactionArgs<N>): Promise<TransactionResult<N>> {
    const sent = JSON.stringify(args);
    return this.#alone(async () => {
      const run = (): Promise<Outcome> => this.#commit(() => execute(tx, name, JSON.parse(sent) as object, true));
      const outcome = await run();
      if (('attempt' in args || repeatable.has(name)) && this.#random.fraction() < lostAnswerChance) {
        const again = await run();
        assert(isDeepStrictEqual(again, outcome), `${name} answers a repeat as it did the first time`);
      }
      return resultOf(JSON.parse(JSON.stringify(outcome)) as Outcome) as TransactionResult<N>;
    });
  }

  read<N extends QueryName>(name: N, args: QueryArgs<N>): Promise<QueryResult<N>> {
    const query = queries[name] as (tx: ReadTx, args: QueryArgs<N>) => Transaction<QueryResult<N>>;
    return this.#alone(() => this.#run(query(tx, args), 0));
  }

  close(): void {
    this.rows.close();
  }

  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #commit(start: () => Transaction<Outcome>): Promise<Outcome> {
    for (let conflicts = 0; ; conflicts += 1) {
      this.rows.execute('BEGIN');
      try {
        const outcome = await this.#run(start(), conflicts < conflictsMax ? conflictChance : 0);
        this.rows.execute('COMMIT');
        return outcome;
      } catch (error) {
        this.rows.execute('ROLLBACK');
        if (!(error instanceof Conflict)) throw error;
      }
    }
  }

  async #run<Result>(transaction: Transaction<Result>, chance: number): Promise<Result> {
    let turn = transaction.next();
    while (turn.done !== true) {
      if (this.#random.fraction() < waitChance) await new Promise((resolve) => setImmediate(resolve));
      else await Promise.resolve();
      if (this.#random.fraction() < chance) throw new Conflict('try again');
      turn = transaction.next(await this.#answer(turn.value as Step, chance));
    }
    return turn.value;
  }

  async #answer(step: Step, chance: number): Promise<unknown> {
    switch (step.kind) {
      case 'get':
        return this.rows.get(step.statement, step.args);
      case 'all': {
        const rows = this.rows.all(step.statement, step.args);
        assert(rows.length <= step.rowsMax, 'a list of rows is bounded');
        return rows;
      }
      case 'run':
        return this.rows.run(step.statement, step.args);
      case 'next':
        return (this.rows.get(nextNumber, []) as { number: number }).number;
      case 'bump':
        return this.rows.run(bumps.get(step.counter)!, [step.by]);
      case 'nested':
        return this.#nested(step.body, chance);
      default:
        return unreachable(step);
    }
  }

  async #nested(body: Transaction<unknown>, chance: number): Promise<Outcome> {
    this.rows.run(statement('SAVEPOINT nested'), []);
    try {
      const value = await this.#run(body, chance);
      this.rows.run(statement('RELEASE nested'), []);
      return { value };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.rows.run(statement('ROLLBACK TO nested'), []);
      this.rows.run(statement('RELEASE nested'), []);
      return { refused: { code: error.code, detail: error.detail } };
    }
  }
}
