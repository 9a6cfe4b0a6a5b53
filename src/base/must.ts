import { AssertionFailure } from './assert.js';

/** The value, which is known to be there for a reason that the compiler cannot see. */
export function must<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new AssertionFailure(`missing: ${what}`);
  return value;
}
