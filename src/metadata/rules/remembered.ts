import { Refusal, type RefusalCode } from '../../model/refusal.js';
import type { Attempt } from '../attempt.js';
import { attemptsForgottenTogether, gatewaySeenEveryMs } from '../limits.js';
import {
  deleteAttempts,
  deleteAttemptsBelow,
  gatewayWithAttempt,
  insertAttempt,
  insertGateway,
  updateGateway,
  type GatewayRow,
} from '../rows/attempt.js';
import type { Outcome, Transaction, Tx } from '../tx.js';

/**
 * Runs a transaction once per attempt: its outcome, a refusal too, is stored in the same commit, and a repeat is given
 * it again. What the gateway has finished, or what an earlier start of it left, is refused whether it ever ran or not.
 */
export function* remembered(tx: Tx, attempt: Attempt, nowMs: number, body: Transaction<unknown>): Transaction<Outcome> {
  const { boot, counter, lowestUnfinished } = attempt;
  const id = Buffer.from(attempt.gateway);
  const gateway = yield* tx.get(gatewayWithAttempt, [counter, id]);
  const sameBoot = gateway?.boot === boot;
  if (gateway !== undefined && sameBoot && gateway.outcome !== null) return JSON.parse(gateway.outcome) as Outcome;
  const expired = gateway !== undefined && (boot < gateway.boot || (sameBoot && counter < gateway.lowest));
  if (expired || counter < lowestUnfinished) return refused('attempt-expired');

  const outcome = yield* tx.nested(body);
  const number = gateway === undefined ? yield* addGateway(tx, attempt, nowMs) : yield* refreshGateway(tx, gateway, attempt, nowMs);
  yield* tx.run(insertAttempt, [number, counter, JSON.stringify(outcome)]);
  return outcome;
}

function* addGateway(tx: Tx, attempt: Attempt, nowMs: number): Transaction<number> {
  const number = yield* tx.nextNumber();
  yield* tx.run(insertGateway, [number, Buffer.from(attempt.gateway), attempt.boot, attempt.lowestUnfinished, nowMs]);
  return number;
}

/** The bound moves at once; the outcomes below it are removed many at a time. */
function* refreshGateway(tx: Tx, gateway: GatewayRow, attempt: Attempt, nowMs: number): Transaction<number> {
  const { boot } = attempt;
  const restarted = boot > gateway.boot;
  const lowest = restarted ? attempt.lowestUnfinished : Math.max(gateway.lowest, attempt.lowestUnfinished);
  if (restarted) yield* tx.run(deleteAttempts, [gateway.number]);
  else if (batchOf(lowest) > batchOf(gateway.lowest)) yield* tx.run(deleteAttemptsBelow, [gateway.number, lowest]);
  if (restarted || lowest > gateway.lowest || nowMs - gateway.seen_ms >= gatewaySeenEveryMs) {
    yield* tx.run(updateGateway, [boot, lowest, nowMs, Buffer.from(attempt.gateway)]);
  }
  return gateway.number;
}

function batchOf(counter: number): number {
  return Math.floor(counter / attemptsForgottenTogether);
}

function refused(code: RefusalCode): Outcome {
  const { detail } = new Refusal(code);
  return { refused: { code, detail } };
}
