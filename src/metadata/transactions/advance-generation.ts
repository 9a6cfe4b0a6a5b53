import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface AdvanceGenerationResult {
  generation: number;
}

// BODY
export function* advanceGeneration(_tx: Tx, _args: Record<string, never>): Transaction<AdvanceGenerationResult> {
  throw new AssertionFailure('not built yet');
}
