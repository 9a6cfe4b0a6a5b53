import { Refusal, type RefusalCode } from '../../model/refusal.js';
import type { Attempt } from '../attempt.js';
import { attemptsForgottenTogether, gatewaySeenEveryMs } from '../limits.js';
import {
  deleteAttempts,
  deleteAttemptsBelow,
  gatewayById,
  insertAttempt,
  insertGateway,
  lastAttempt,
  updateGateway,
  type GatewayRow,
  type LastAttemptRow,
} from '../rows/attempt.js';
import type { Outcome, Transaction, Tx } from '../tx.js';

/**
 * Runs a transaction once per attempt: its outcome, a refusal too, is stored in the same commit, and a repeat is given
 * it again. What the gateway has finished, or what an earlier start of it left, is refused whether it ever ran or not.
 */
export function* remembered(tx: Tx, attempt: Attempt, nowMs: number, body: Transaction<unknown>): Transaction<Outcome> {
  const { gateway: id, boot, counter, lowestUnfinished } = attempt;
  const gateway = yield* tx.getKept(gatewayById, [id]);
  const last = gateway === undefined ? undefined : yield* tx.get(lastAttempt, [gateway.number, counter, gateway.number]);
  const sameBoot = gateway?.boot === boot;
  if (sameBoot && last !== undefined && last.outcome !== null) return JSON.parse(last.outcome) as Outcome;
  const bound = gateway === undefined ? 0 : boundOf(gateway, last);
  const expired = gateway !== undefined && (boot < gateway.boot || (sameBoot && counter < bound));
  if (expired || counter < lowestUnfinished) return refused('attempt-expired');

  const outcome = yield* tx.nested(body);
  const lowest = sameBoot ? Math.max(bound, lowestUnfinished) : lowestUnfinished;
  const number = gateway === undefined ? yield* addGateway(tx, attempt, nowMs) : gateway.number;
  if (gateway !== undefined) yield* refreshGateway(tx, gateway, last, { id, boot, counter, lowest, nowMs });
  yield* tx.run(insertAttempt, [number, counter, lowest, JSON.stringify(outcome)]);
  return outcome;
}

/** Attempts below are expired. The last one remembered says it, so that not each has to write to the row of its gateway. */
function boundOf(gateway: GatewayRow, last: LastAttemptRow | undefined): number {
  return Math.max(gateway.lowest, last?.lowest ?? 0);
}

function* addGateway(tx: Tx, attempt: Attempt, nowMs: number): Transaction<number> {
  const number = yield* tx.nextNumber();
  yield* tx.run(insertGateway, [number, Buffer.from(attempt.gateway), attempt.boot, attempt.lowestUnfinished, nowMs]);
  return number;
}

interface Heard {
  id: string;
  boot: number;
  counter: number;
  /** The bound from now on. */
  lowest: number;
  nowMs: number;
}

/** The bound moves at once; the outcomes below it are removed many at a time. */
function* refreshGateway(tx: Tx, gateway: GatewayRow, last: LastAttemptRow | undefined, heard: Heard): Transaction<void> {
  const { id, boot, counter, lowest, nowMs } = heard;
  const bound = boundOf(gateway, last);
  const restarted = boot > gateway.boot;
  if (restarted) yield* tx.run(deleteAttempts, [gateway.number]);
  else if (batchOf(lowest) > batchOf(bound)) yield* tx.run(deleteAttemptsBelow, [gateway.number, lowest]);
  const overtaken = last !== undefined && counter < last.counter && lowest > bound;
  if (restarted || overtaken || nowMs - gateway.seen_ms >= gatewaySeenEveryMs) {
    yield* tx.run(updateGateway, [boot, lowest, nowMs, Buffer.from(id)]);
  }
}

function batchOf(counter: number): number {
  return Math.floor(counter / attemptsForgottenTogether);
}

function refused(code: RefusalCode): Outcome {
  const { detail } = new Refusal(code);
  return { refused: { code, detail } };
}
