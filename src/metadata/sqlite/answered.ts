import { assert } from '../../base/assert.js';
import type { Answer, Transaction } from '../tx.js';

/**
 * An answer that is there already: its iterator has ended before its first step, so that `yield*` takes it without a
 * pause. A call that is yielded to the driver would stop and resume each generator on the way to it.
 */
export class Answered<Result> implements Answer<Result> {
  readonly done = true;
  readonly value: Result;

  constructor(value: Result) {
    this.value = value;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): this {
    return this;
  }
}

/** Runs a transaction all of whose calls are answered at once. */
export function runNow<Result>(transaction: Transaction<Result>): Result {
  const end = transaction.next();
  assert(end.done === true, 'nothing waits here');
  return end.value;
}
