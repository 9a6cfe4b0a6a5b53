import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Backoff } from '../../base/backoff.js';
import type { Clock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import { canonicalQuery, emptySha256, encodePath } from '../../s3/canonical.js';
import { RequestSigner, type Credentials } from '../../s3/sign.js';
import { CliError } from '../cli-error.js';
import { exitCode } from '../exit-code.js';
import { HttpExchange, readWhole } from './http-exchange.js';
import { s3Error } from './s3-error.js';

/** A list of 1,000 keys of 1,024 bytes, encoded, with room. */
const documentBytesMax = 16 * 1024 * 1024;
const errorBytesMax = 64 * 1024;
const triesMax = 4;
const backoffLimits = { firstDelayMs: 200, maxDelayMs: 5000 };

export interface S3ClientOptions {
  endpoint: string;
  region: string;
  credentials: Credentials;
  timeoutMs: number;
  /** One line per request, without secrets. */
  debug: (line: string) => void;
}

export interface S3Request {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  bucket?: string;
  key?: string;
  query?: readonly (readonly [name: string, value: string])[];
  headers?: Readonly<Record<string, string>>;
  body?: Buffer;
  signal: AbortSignal;
}

/** Asks an S3 endpoint (path style), signing everything, body included. Tries again what may be tried again. */
export class S3Client {
  readonly #options: S3ClientOptions;
  readonly #parts: { clock: Clock; random: Random };
  readonly #exchange: HttpExchange;
  readonly #signer: RequestSigner;

  constructor(options: S3ClientOptions, parts: { clock: Clock; random: Random }) {
    this.#options = options;
    this.#parts = parts;
    this.#exchange = new HttpExchange(options.endpoint, options.timeoutMs);
    this.#signer = new RequestSigner(options.credentials, options.region);
  }

  /** The answer's head, its body still to be read. Rejects with a `CliError` for anything but 2xx. */
  async open(request: S3Request): Promise<IncomingMessage> {
    const backoff = new Backoff(backoffLimits, this.#parts.random);
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#try(request);
      } catch (error) {
        const again = error instanceof CliError && (error.facts.exitCode === exitCode.unreachable || error.facts.code === 'InternalError');
        if (!again || tries >= triesMax) throw error;
        this.#options.debug(`try ${tries} of ${triesMax}: ${error.facts.what} ${error.facts.why ?? ''}`);
        await this.#parts.clock.sleep(backoff.nextDelayMs(), request.signal).catch(() => undefined);
      }
    }
  }

  /** The answer with its whole (small) body. */
  async ask(request: S3Request): Promise<{ headers: IncomingMessage['headers']; body: Buffer }> {
    const response = await this.open(request);
    return { headers: response.headers, body: await readWhole(response, documentBytesMax) };
  }

  close(): void {
    this.#exchange.close();
  }

  async #try(request: S3Request): Promise<IncomingMessage> {
    const { method, bucket = '', key = '', query = [], body = null } = request;
    const path = bucket === '' ? '/' : `/${bucket}/${key}`;
    const payloadHash = body === null ? emptySha256 : createHash('sha256').update(body).digest('hex');
    const headers = { ...request.headers, host: this.#exchange.address.host };
    const signed = this.#signer.sign({ method, path, query, headers }, payloadHash, this.#parts.clock.wallMs());
    const target = query.length === 0 ? encodePath(path) : `${encodePath(path)}?${canonicalQuery(query)}`;
    const startMs = this.#parts.clock.monotonicMs();
    const response = await this.#exchange.send({ method, target, headers: signed, body, signal: request.signal });
    const status = response.statusCode ?? 0;
    const requestId = textOf(response.headers['x-amz-request-id']);
    const tookMs = Math.round(this.#parts.clock.monotonicMs() - startMs);
    this.#options.debug(
      `${method} ${this.#exchange.address.origin}${target}: ${status} in ${tookMs} ms, request id ${requestId ?? 'none'}`,
    );
    if (status >= 200 && status < 300) return response;
    throw s3Error({ status, requestId, body: await readWhole(response, errorBytesMax) }, { bucket, key });
  }
}

function textOf(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null;
}
