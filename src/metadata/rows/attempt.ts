import { statement } from '../tx.js';

export interface GatewayRow {
  number: number;
  boot: number;
  lowest: number;
  seen_ms: number;
}

/** The gateway, and what became of one of its attempts. */
export const gatewayWithAttempt = statement<[counter: number, id: Buffer], GatewayRow & { outcome: string | null }>(
  `SELECT g.number, g.boot, g.lowest, g.seen_ms, a.outcome FROM gateway g
   LEFT JOIN attempt a ON a.gateway = g.number AND a.counter = ? WHERE g.id = ?`,
);
export const insertGateway = statement<[number: number, id: Buffer, boot: number, lowest: number, seenMs: number]>(
  'INSERT INTO gateway (number, id, boot, lowest, seen_ms) VALUES (?, ?, ?, ?, ?)',
);
export const updateGateway = statement<[boot: number, lowest: number, seenMs: number, number: number]>(
  'UPDATE gateway SET boot = ?, lowest = ?, seen_ms = ? WHERE number = ?',
);
export const insertAttempt = statement<[gateway: number, counter: number, outcome: string]>(
  'INSERT INTO attempt (gateway, counter, outcome) VALUES (?, ?, ?)',
);
export const deleteAttemptsBelow = statement<[gateway: number, counter: number]>('DELETE FROM attempt WHERE gateway = ? AND counter < ?');
export const deleteAttempts = statement<[gateway: number]>('DELETE FROM attempt WHERE gateway = ?');

/** Gateways not heard since, that still have outcomes. */
export const silentGateways = statement<[seenBeforeMs: number, limit: number], { number: number; highest: number }>(
  `SELECT g.number, max(a.counter) AS highest FROM gateway g JOIN attempt a ON a.gateway = g.number
   WHERE g.seen_ms < ? GROUP BY g.number ORDER BY g.number LIMIT ? + 0`,
);
/** Attempts up to the last one known are expired from now on. */
export const expireGateway = statement<[lowest: number, number: number]>('UPDATE gateway SET lowest = max(lowest, ?) WHERE number = ?');
export const deleteSilentGateways = statement<[seenBeforeMs: number, limit: number]>(
  'DELETE FROM gateway WHERE number IN (SELECT number FROM gateway WHERE seen_ms < ? ORDER BY seen_ms, number LIMIT ? + 0)',
);
