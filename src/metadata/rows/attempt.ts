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
export const updateGateway = statement<[boot: number, lowest: number, seenMs: number, id: Buffer]>(
  'UPDATE gateway SET boot = ?, lowest = ?, seen_ms = ? WHERE id = ?',
);
export const insertAttempt = statement<[gateway: number, counter: number, outcome: string]>(
  'INSERT INTO attempt (gateway, counter, outcome) VALUES (?, ?, ?)',
);
export const deleteAttemptsBelow = statement<[gateway: number, counter: number]>('DELETE FROM attempt WHERE gateway = ? AND counter < ?');
export const deleteAttempts = statement<[gateway: number]>('DELETE FROM attempt WHERE gateway = ?');

/** Gateways not heard since, that still have outcomes. */
export const silentGateways = statement<[seenBeforeMs: number, limit: number], { id: Buffer; number: number; highest: number }>(
  `SELECT g.id, g.number, max(a.counter) AS highest FROM gateway g JOIN attempt a ON a.gateway = g.number
   WHERE g.seen_ms < ? GROUP BY g.id ORDER BY g.id LIMIT ? + 0`,
);
/** Attempts up to the last one known are expired from now on. */
export const expireGateway = statement<[lowest: number, id: Buffer]>('UPDATE gateway SET lowest = max(lowest, ?) WHERE id = ?');
export const deleteSilentGateways = statement<[seenBeforeMs: number, limit: number]>(
  'DELETE FROM gateway WHERE id IN (SELECT id FROM gateway WHERE seen_ms < ? ORDER BY seen_ms, id LIMIT ? + 0)',
);
