import { attemptMemoryMs, gatewayMemoryMs } from '../limits.js';
import { deleteAttempts, deleteSilentGateways, expireGateway, silentGateways } from '../rows/attempt.js';
import type { Transaction, Tx } from '../tx.js';

export interface ExpireAttemptsArgs {
  nowMs: number;
  limit: number;
}

export interface ExpireAttemptsResult {
  removed: number;
}

/** Forgets the outcomes of gateways not heard for 15 minutes; what of theirs arrives later is refused. */
export function* expireAttempts(tx: Tx, args: ExpireAttemptsArgs): Transaction<ExpireAttemptsResult> {
  const silent = yield* tx.all(silentGateways, [args.nowMs - attemptMemoryMs, args.limit], args.limit);
  let removed = 0;
  for (const { id, number, highest } of silent) {
    yield* tx.run(expireGateway, [highest + 1, id]);
    removed += yield* tx.run(deleteAttempts, [number]);
  }
  yield* tx.run(deleteSilentGateways, [args.nowMs - gatewayMemoryMs, args.limit]);
  return { removed };
}
