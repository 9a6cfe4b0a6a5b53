import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { queries, type QueryArgs, type QueryName, type QueryResult } from './queries.js';
import { SqliteConnection } from './sqlite/connection.js';
import { Reader } from './sqlite/reader.js';
import { Writer } from './sqlite/writer.js';
import type { TransactionArgs, TransactionName, TransactionResult } from './transactions.js';
import type { ReadTx, Transaction } from './tx.js';

export interface MetadataOptions {
  /** The database file; its folder exists. */
  path: string;
  /** Called once when the disk failed a commit: nothing is answered any more, the process must end (exit code 70). */
  onFault: (reason: Error) => void;
  /** Hears of each group of transactions after its commit. */
  onGroup?: (group: CommittedGroup) => void;
}

/** Transactions that one sync made durable; the time is that of all of them with it. */
export interface CommittedGroup {
  transactions: number;
  durationMs: number;
}

export interface MetadataParts {
  clock: Clock;
  log: Log;
}

/** The store of truth: one writer in a thread of its own with group commit, reads in the calling thread. */
export class MetadataStore {
  readonly #writer: Writer;
  readonly #reader: Reader;
  readonly #path: string;
  readonly #room: { isEnough: boolean };

  private constructor(writer: Writer, reader: Reader, path: string, room: { isEnough: boolean }) {
    this.#room = room;
    this.#path = path;
    this.#writer = writer;
    this.#reader = reader;
  }

  /** Opens or creates; migrates. Rejects with `StartRefused`. */
  static async open({ path, onFault, onGroup = () => undefined }: MetadataOptions, { clock, log }: MetadataParts): Promise<MetadataStore> {
    const beganMs = clock.monotonicMs();
    const room = { isEnough: true };
    const writer = await Writer.open(
      { path },
      {
        onFault(reason) {
          log.fatal({ err: reason, path }, 'the metadata cannot be written any more');
          onFault(reason);
        },
        onGroup,
        onRoom(enough) {
          room.isEnough = enough;
          if (enough) log.info({ path }, 'the volume of the metadata has room again');
          else log.error({ path }, 'the volume of the metadata is nearly full: only reads and deletes go on; make room or enlarge it');
        },
      },
    );
    log.info({ path, tookMs: Math.round(clock.monotonicMs() - beganMs) }, 'metadata is open');
    return new MetadataStore(writer, new Reader(SqliteConnection.openReader(path)), path, room);
  }

  /** The volume has room for transactions that add; without it they are refused, all others go on. */
  get hasRoom(): boolean {
    return this.#room.isEnough;
  }

  /**
   * Runs the transaction; resolves after its commit is on the disk. Rejects with `Refusal` (without room on the volume with
   * `storage-full`, at once for what would add), and with another error when
   * the outcome is unknown (the store has failed) or the transaction has a fault.
   */
  async write<N extends TransactionName>(name: N, args: TransactionArgs<N>): Promise<TransactionResult<N>> {
    return (await this.#writer.write(name, args)) as TransactionResult<N>;
  }

  /** Runs the query now, on one state of committed data: all that was answered before is in it. Throws `Refusal`. */
  read<N extends QueryName>(name: N, args: QueryArgs<N>): QueryResult<N> {
    const query = queries[name] as (tx: ReadTx, args: QueryArgs<N>) => Transaction<QueryResult<N>>;
    return this.#reader.read(query, args);
  }

  /** Bytes on the disk: of the database, of the log before it, and of the volume that holds both. */
  get sizes(): { databaseBytes: number; logBytes: number; volumeBytes: number; volumeFreeBytes: number } {
    const { blocks, bavail, bsize } = statfsSync(dirname(this.#path));
    return {
      databaseBytes: sizeBytesOf(this.#path),
      logBytes: sizeBytesOf(`${this.#path}-wal`),
      volumeBytes: blocks * bsize,
      volumeFreeBytes: bavail * bsize,
    };
  }

  /** Answers what is queued, then closes. */
  async close(): Promise<void> {
    this.#reader.close();
    await this.#writer.close();
  }
}

function sizeBytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
