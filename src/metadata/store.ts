import { AssertionFailure } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { QueryArgs, QueryName, QueryResult } from './queries.js';
import type { TransactionArgs, TransactionName, TransactionResult } from './transactions.js';

export interface MetadataOptions {
  /** The database file; its folder must exist. */
  path: string;
  /** Called once when the disk failed a commit: nothing is answered any more, the process must end (exit code 70). */
  onFault: (reason: Error) => void;
}

export interface MetadataParts {
  clock: Clock;
  log: Log;
}

/** The folder or format is not one that this version may open; the message says the way out. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
}

/** The store of truth: one writer in a worker thread with group commit, reads in the calling thread. */
export class MetadataStore {
  /** Opens or creates; migrates. Rejects with `StoreRefused`. */
  static open(_options: MetadataOptions, _parts: MetadataParts): Promise<MetadataStore> {
    throw new AssertionFailure('not built yet');
  }

  /** Runs the transaction; resolves after its commit is on the disk. Rejects with `Refusal`. */
  write<N extends TransactionName>(_name: N, _args: TransactionArgs<N>): Promise<TransactionResult<N>> {
    throw new AssertionFailure('not built yet');
  }

  /** Runs the query now, on committed data. Throws `Refusal`. */
  read<N extends QueryName>(_name: N, _args: QueryArgs<N>): QueryResult<N> {
    throw new AssertionFailure('not built yet');
  }

  /** Answers what is queued, then closes. */
  close(): Promise<void> {
    throw new AssertionFailure('not built yet');
  }
}
