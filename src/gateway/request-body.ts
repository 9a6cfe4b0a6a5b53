import type { IncomingMessage, ServerResponse } from 'node:http';
import { assert } from '../base/assert.js';
import { Refusal } from '../model/refusal.js';
import type { PayloadDecoder } from '../s3/payload.js';
import type { ClientPace } from './client-pace.js';

/** The body of one request, read at most once and only after somebody asked for it: `100 Continue` is sent then. */
export class RequestBody {
  readonly #incoming: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #pace: ClientPace;
  readonly #expectsContinue: boolean;
  #begun = false;
  #receivedBytes = 0;

  constructor(incoming: IncomingMessage, response: ServerResponse, options: { pace: ClientPace; expectsContinue: boolean }) {
    this.#incoming = incoming;
    this.#response = response;
    this.#pace = options.pace;
    this.#expectsContinue = options.expectsContinue;
  }

  /** As they came from the socket. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** False: bytes may still come that nobody will read. */
  get isFinished(): boolean {
    return this.#incoming.readableEnded || (!this.#expectsContinue && this.#hasNoBody());
  }

  /** The whole decoded body in the pieces that it came in; the decoder bounds their sum. Refuses: body-incomplete. */
  collect(decoder: PayloadDecoder): Promise<Buffer[]> {
    this.#begin();
    const incoming = this.#incoming;
    return new Promise((resolve, reject) => {
      const pieces: Buffer[] = [];
      const onData = (bytes: Buffer): void => {
        this.#received(bytes);
        try {
          pieces.push(...decoder.push(bytes));
        } catch (error) {
          leave();
          incoming.pause();
          reject(error);
        }
      };
      const onEnd = (): void => {
        leave();
        try {
          decoder.end();
          resolve(pieces);
        } catch (error) {
          reject(error);
        }
      };
      const onClose = (): void => {
        leave();
        reject(new Refusal('body-incomplete'));
      };
      const leave = (): void => {
        incoming.off('data', onData).off('end', onEnd).off('close', onClose);
      };
      incoming.on('data', onData).on('end', onEnd).on('close', onClose);
      this.#pace.wait();
    });
  }

  /** The decoded body as it comes. Refuses: body-incomplete, and what the decoder refuses. */
  async *stream(decoder: PayloadDecoder): AsyncGenerator<Buffer, void, void> {
    this.#begin();
    const iterator = this.#incoming.iterator({ destroyOnReturn: false });
    try {
      for (;;) {
        this.#pace.wait();
        const next = await iterator.next().catch((cause: unknown) => {
          throw new Refusal('body-incomplete', cause instanceof Error ? `The connection broke: ${cause.message}` : null);
        });
        if (next.done === true) break;
        const bytes = next.value as Buffer;
        this.#received(bytes);
        yield* decoder.push(bytes);
      }
    } finally {
      await iterator.return?.();
    }
    decoder.end();
  }

  #begin(): void {
    assert(!this.#begun, 'a body is read once');
    this.#begun = true;
    if (this.#expectsContinue) this.#response.writeContinue();
  }

  #received(bytes: Buffer): void {
    this.#receivedBytes += bytes.length;
    this.#pace.moved(bytes.length);
  }

  #hasNoBody(): boolean {
    const { headers } = this.#incoming;
    return headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0';
  }
}
