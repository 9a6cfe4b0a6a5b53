import type { TransactionName } from '../transactions.js';
import type { WriteAnswer } from './group-writer.js';

/*
 * What the thread that reads and the thread that writes send each other. Requests and answers travel as one JSON text a
 * message: cloning a text costs a fraction of cloning the objects in it.
 */

export interface WriterOptions {
  path: string;
}

/** A JSON list of [id, name, arguments]. An empty text asks the writer to close. */
export type ToWriter = string;
export type PackedRequest = [id: number, name: TransactionName, args: object];

export type FromWriter =
  | { kind: 'open' }
  | { kind: 'refused'; message: string }
  /** A JSON list of [id, answer]. */
  | { kind: 'answers'; packed: string; group: { transactions: number; durationMs: number } }
  /** The volume has too little room for more, or enough again. */
  | { kind: 'room'; enough: boolean }
  /** The disk failed: the last words. */
  | { kind: 'fault'; message: string }
  | { kind: 'closed' };
export type PackedAnswer = [id: number, answer: WriteAnswer];
