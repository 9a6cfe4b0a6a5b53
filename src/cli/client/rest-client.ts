import type { z } from 'zod';
import type { Clock } from '../../base/clock.js';
import { CliError } from '../cli-error.js';
import { exitCode } from '../exit-code.js';
import { HttpExchange, readWhole } from './http-exchange.js';
import { restErrorSchema } from './rest-shapes.js';
import { exitCodeOf } from './s3-error.js';

const answerBytesMax = 64 * 1024 * 1024;

export interface RestClientOptions {
  masterAddress: string;
  /** Null: the master wants none. */
  token: string | null;
  timeoutMs: number;
  debug: (line: string) => void;
}

/** Asks the REST API of the master. */
export class RestClient {
  readonly #options: RestClientOptions;
  readonly #clock: Clock;
  readonly #exchange: HttpExchange;

  constructor(options: RestClientOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#exchange = new HttpExchange(options.masterAddress, options.timeoutMs);
  }

  /** The answer in its shape; fields that this version does not know are dropped. Rejects with a `CliError`. */
  async ask<Shape extends z.ZodType>(
    method: 'GET' | 'POST' | 'DELETE',
    target: string,
    shape: Shape,
    signal: AbortSignal,
  ): Promise<z.output<Shape>> {
    const { token, debug } = this.#options;
    const headers: Record<string, string> = { accept: 'application/json', ...(token !== null && { authorization: `Bearer ${token}` }) };
    const startMs = this.#clock.monotonicMs();
    const response = await this.#exchange.send({ method, target, headers, body: null, signal });
    const status = response.statusCode ?? 0;
    const requestId = response.headers['x-request-id'];
    const body = (await readWhole(response, answerBytesMax)).toString();
    debug(`${method} ${this.#exchange.address.origin}${target}: ${status} in ${Math.round(this.#clock.monotonicMs() - startMs)} ms`);
    const json = parseJson(body);
    if (status !== 200) throw this.#refused(status, json, typeof requestId === 'string' ? requestId : null);
    const parsed = shape.safeParse(json);
    if (parsed.success) return parsed.data;
    throw new CliError({
      exitCode: exitCode.other,
      code: 'answer-unknown',
      what: `${this.#exchange.address.origin}${target} answered something else than a master does.`,
      why: parsed.error.issues[0]?.message ?? null,
      hint: 'aether config view --show-source',
    });
  }

  close(): void {
    this.#exchange.close();
  }

  #refused(status: number, json: unknown, requestId: string | null): CliError {
    const parsed = restErrorSchema.safeParse(json);
    if (!parsed.success) {
      return new CliError({
        exitCode: exitCodeOf(status),
        code: `http-${status}`,
        what: `${this.#exchange.address.origin} answered, with HTTP status ${status}, but not as a master does.`,
        why: 'What is wanted is the REST port of a master, 42100 unless it was told otherwise.',
        hint: 'aether config view --show-source',
        requestId,
      });
    }
    const { code, message } = parsed.data.error;
    const facts = { exitCode: exitCodeOf(status), code, requestId };
    if (status === 404) return new CliError({ ...facts, what: message });
    if (status !== 401 && status !== 403) return new CliError({ ...facts, what: 'The master refused the request.', why: message });
    return new CliError({
      ...facts,
      what: 'The master does not accept the token.',
      why: message,
      hint: 'set AETHER_REST_TOKEN; aether config view --show-source',
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
