import { expect, it } from 'vitest';
import { nodeNumberMax } from '../limits.js';
import { raiseNodeNumber } from '../rows/node.js';
import type { Tx } from '../tx.js';
import { newNodeNumber } from './new-node-number.js';

/** For `yield*`: asks for nothing more. */
function ended<T>(value: T): Iterable<never, T> {
  return { [Symbol.iterator]: () => ({ next: () => ({ done: true, value }) }) };
}

/** A database in which so many numbers have been given away. */
function numberAfter(given: number): number {
  const tx = {
    get: (statement: unknown) => ended(statement === raiseNodeNumber ? { node_number: given + 1 } : undefined),
  } as unknown as Tx;
  const step = newNodeNumber(tx, Buffer.from('node')).next();
  return step.value as number;
}

it('a number of a node fits into two bytes: beyond them no node is taken', () => {
  expect([numberAfter(0), numberAfter(nodeNumberMax - 1)]).toEqual([1, nodeNumberMax]);
  expect(() => numberAfter(nodeNumberMax)).toThrow('All 65535 numbers');
});
