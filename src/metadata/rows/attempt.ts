import { keptStatement, statement } from '../tx.js';

export interface GatewayRow {
  number: number;
  boot: number;
  lowest: number;
  seen_ms: number;
}

export const gatewayById = keptStatement<[id: string], GatewayRow>(
  'SELECT number, boot, lowest, seen_ms FROM gateway WHERE id = CAST(? AS BLOB)',
);
export const insertGateway = statement<[number: number, id: Buffer, boot: number, lowest: number, seenMs: number]>(
  'INSERT INTO gateway (number, id, boot, lowest, seen_ms) VALUES (?, ?, ?, ?, ?)',
);
export const updateGateway = statement<[boot: number, lowest: number, seenMs: number, id: Buffer]>(
  'UPDATE gateway SET boot = ?, lowest = ?, seen_ms = ? WHERE id = ?',
);

/** The last attempt of a gateway that is remembered, and what became of the one that is asked for. */
export interface LastAttemptRow {
  counter: number;
  lowest: number;
  outcome: string | null;
}

export const lastAttempt = statement<[sender: number, counter: number, ofSender: number], LastAttemptRow>(
  `SELECT counter, lowest, (SELECT outcome FROM attempt WHERE sender = ? AND counter = ?) AS outcome
   FROM attempt WHERE sender = ? ORDER BY counter DESC LIMIT 1`,
);
export const insertAttempt = statement<[sender: number, counter: number, lowest: number, outcome: string]>(
  'INSERT INTO attempt (sender, counter, lowest, outcome) VALUES (?, ?, ?, ?)',
);
export const deleteAttemptsBelow = statement<[sender: number, counter: number]>('DELETE FROM attempt WHERE sender = ? AND counter < ?');
export const deleteAttempts = statement<[sender: number]>('DELETE FROM attempt WHERE sender = ?');

/** Gateways not heard since, that still have outcomes. */
export const silentGateways = statement<[seenBeforeMs: number, limit: number], { id: Buffer; number: number; highest: number }>(
  `SELECT g.id, g.number, max(a.counter) AS highest FROM gateway g JOIN attempt a ON a.sender = g.number
   WHERE g.seen_ms < ? GROUP BY g.id ORDER BY g.id LIMIT ? + 0`,
);
/** Attempts up to the last one known are expired from now on. */
export const expireGateway = statement<[lowest: number, id: Buffer]>('UPDATE gateway SET lowest = max(lowest, ?) WHERE id = ?');
export const deleteSilentGateways = statement<[seenBeforeMs: number, limit: number]>(
  'DELETE FROM gateway WHERE id IN (SELECT id FROM gateway WHERE seen_ms < ? ORDER BY seen_ms, id LIMIT ? + 0)',
);
