import type { RequestOf, ResponseOf, TrailerOf, Verb, VerbTo } from './verbs.js';

/** Bytes that arrive on the wire, pulled by their reader: what is not pulled is not sent (credit). */
export interface IncomingBody {
  /** The next bytes, or null at the end. Throws when the peer or the connection gave up before the end. */
  read(): Promise<Buffer | null>;
  /**
   * All that has not been read, when the last byte has arrived already; null when more is to come. A body that travelled
   * in the frame of its request is whole when the handler is called, so that no promise is made for it.
   */
  takeWhole(): Buffer[] | null;
  /** Stops the sender; what has arrived is dropped. Safe to call at any time. */
  discard(): void;
}

export interface CallOptions {
  /** Time from the call to the head of the answer. */
  timeoutMs: number;
  signal?: AbortSignal;
}

export interface Reply<V extends Verb> {
  head: ResponseOf<V>;
  body: IncomingBody;
}

/** A request whose body is pushed while others get the same buffers. */
export interface OutgoingCall<V extends Verb> {
  /** Queues bytes, never copies them, never waits: look at `queuedBytes`. */
  write(bytes: Buffer): void;
  /** Bytes accepted by `write` that have not left for the socket. */
  readonly queuedBytes: number;
  /** Resolves when `queuedBytes` is at most `bytes`, or the call has failed. */
  whenQueuedAtMost(bytes: number): Promise<void>;
  /** Ends the body. */
  end(trailer: TrailerOf<V>): void;
  /** Gives up: the peer stores nothing. */
  abort(reason: Error): void;
  /** The answer; rejects with `Refusal` when the peer refused, with `Unreachable` when nobody knows. */
  readonly reply: Promise<Reply<V>>;
}

/** The peer cannot be reached, or the connection broke before its answer: the outcome is unknown. */
export class Unreachable extends Error {
  override readonly name: string = 'Unreachable';
}

/** No connection was there to send the call on: it has certainly changed nothing. */
export class NeverSent extends Unreachable {
  override readonly name: string = 'NeverSent';
}

/** One peer, reached over two connections (small and bulk) that are opened on demand and again after a break. */
export interface WireClient {
  /** A call without a request body. Rejects with `Refusal`, `Unreachable`, or the signal's reason. */
  call<V extends Verb>(verb: V, head: RequestOf<V>, options: CallOptions): Promise<Reply<V>>;
  /** A call whose request has a body and a trailer. */
  open<V extends Verb>(verb: V, head: RequestOf<V>, options: CallOptions): OutgoingCall<V>;
  /**
   * The last attempt to connect failed and the next one is not due or not through: prefer another peer. Says nothing
   * about a peer that was never called; turns false by itself, so that somebody tries again.
   */
  readonly isAway: boolean;
  /** Fails what is under way with `Unreachable`. */
  close(): Promise<void>;
}

export interface ServerRequest<V extends Verb> {
  head: RequestOf<V>;
  body: IncomingBody;
  /** Known after the body's last byte. */
  trailer: () => TrailerOf<V>;
  /** Aborted when the connection breaks or the caller gave up. */
  signal: AbortSignal;
  /** Who proved itself in the handshake. */
  peer: { role: string; id: string; boot: number };
}

export interface ServerReply<V extends Verb> {
  head: ResponseOf<V>;
  /** Raw bytes after the head. */
  body?: AsyncIterable<Buffer> | Buffer[];
  /**
   * Hears of each buffer that an iterated `body` gave when the kernel has all its bytes: the memory may be used again.
   * Never called for what did not leave whole, as when the caller gave up. It gets some view of the buffer.
   */
  onSent?: (bytes: Buffer) => void;
}

/** One handler per verb of a role: the compiler asks for the missing one. */
export type Handlers<Role extends 'master' | 'datanode'> = {
  [V in VerbTo<Role>]: (request: ServerRequest<V>) => Promise<ServerReply<V>>;
};
