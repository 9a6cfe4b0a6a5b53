import type { Worker } from 'node:worker_threads';
import { assert } from '../../base/assert.js';
import { IdMap } from '../../base/id-map.js';
import { must } from '../../base/must.js';
import { StartRefused } from '../../base/start-refused.js';
import { startThread } from '../../base/thread.js';
import { isRefusalCode, Refusal } from '../../model/refusal.js';
import { writeQueueMax } from '../limits.js';
import type { TransactionName } from '../transactions.js';
import type { WriteAnswer } from './group-writer.js';
import type { FromWriter, PackedAnswer, PackedRequest, ToWriter, WriterOptions } from './writer-messages.js';

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (reason: Error) => void;
}

/** Who is told what the thread finds out about its disk. */
export interface DiskListeners {
  onFault: (reason: Error) => void;
  onRoom: (enough: boolean) => void;
  /** After each commit. */
  onGroup: (group: { transactions: number; durationMs: number }) => void;
}

/** This thread's end of the writer: what is asked for in one turn of the event loop goes over in one message. */
export class Writer {
  readonly #worker: Worker;
  readonly #onFault: (reason: Error) => void;
  readonly #waiting = new IdMap<Waiting>();
  #outgoing: PackedRequest[] = [];
  #lastId = 0;
  /** Set when nothing can be written any more. */
  #ended: Error | null = null;
  #faulty = false;
  #closed: (() => void) | null = null;

  private constructor(worker: Worker, onFault: (reason: Error) => void) {
    this.#worker = worker;
    this.#onFault = onFault;
  }

  /** Resolves when the file is open and of this version's format. Rejects with `StartRefused`. */
  static open(options: WriterOptions, { onFault, onRoom, onGroup }: DiskListeners): Promise<Writer> {
    const worker = startThread('./writer-thread', import.meta.url, options);
    return new Promise((resolve, reject) => {
      const writer = new Writer(worker, onFault);
      let opened = false;
      const failed = (reason: Error): void => (opened ? writer.#fail(reason) : reject(reason));
      worker.on('message', (message: FromWriter) => {
        if (message.kind === 'refused') reject(new StartRefused(message.message));
        else if (message.kind === 'fault') failed(new Error(message.message));
        else if (message.kind === 'room') onRoom(message.enough);
        else if (message.kind === 'open') {
          opened = true;
          resolve(writer);
        } else {
          if (message.kind === 'answers') onGroup(message.group);
          writer.#hear(message);
        }
      });
      worker.on('error', (error) => failed(error instanceof Error ? error : new Error(String(error))));
      worker.on('exit', () => failed(new Error('the thread that writes metadata has ended')));
    });
  }

  write(name: TransactionName, args: object): Promise<unknown> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    if (this.#waiting.size >= writeQueueMax) return Promise.reject(new Refusal('slow-down'));
    return new Promise((resolve, reject) => {
      const id = (this.#lastId += 1);
      this.#waiting.set(id, { resolve, reject });
      if (this.#outgoing.length === 0) setImmediate(() => this.#send());
      this.#outgoing.push([id, name, args]);
    });
  }

  /** Resolves when all that was asked for is answered and the file is closed. */
  async close(): Promise<void> {
    if (this.#ended !== null) return;
    this.#ended = new Error('the metadata store is closed');
    this.#send();
    const closed = new Promise<void>((resolve) => (this.#closed = resolve));
    this.#post('');
    await closed;
  }

  #send(): void {
    if (this.#outgoing.length === 0) return;
    this.#post(JSON.stringify(this.#outgoing));
    this.#outgoing = [];
  }

  #post(message: ToWriter): void {
    this.#worker.postMessage(message);
  }

  #hear(message: Extract<FromWriter, { kind: 'answers' | 'closed' }>): void {
    if (message.kind === 'closed') this.#closed?.();
    else for (const [id, answer] of JSON.parse(message.packed) as PackedAnswer[]) this.#settle(id, answer);
  }

  #settle(id: number, answer: WriteAnswer): void {
    const { resolve, reject } = must(this.#waiting.get(id), 'who waits for an answer');
    this.#waiting.delete(id);
    if ('value' in answer) resolve(answer.value);
    else if ('failed' in answer) reject(new Error(answer.failed));
    else {
      const { code, detail } = answer.refused;
      assert(isRefusalCode(code), 'a stored refusal has a code of this version');
      reject(new Refusal(code, detail));
    }
  }

  /** What waits stays unknown: the commit may or may not be on the disk. */
  #fail(reason: Error): void {
    const closing = this.#closed !== null;
    this.#closed?.();
    if (this.#faulty || (closing && this.#waiting.size === 0)) return;
    this.#faulty = true;
    this.#ended = reason;
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
    this.#onFault(reason);
  }
}
