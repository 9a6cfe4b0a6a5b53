import { must } from '../../base/must.js';
import { raiseGeneration } from '../rows/cluster.js';
import type { Transaction, Tx } from '../tx.js';

export interface AdvanceGenerationResult {
  generation: number;
}

/** The next sweep generation. */
export function* advanceGeneration(tx: Tx, _args: Record<string, never>): Transaction<AdvanceGenerationResult> {
  return must(yield* tx.get(raiseGeneration, []), 'the row of the cluster');
}
