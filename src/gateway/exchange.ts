import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.js';
import { answerEarly } from '../base/early-answer.js';
import type { Log } from '../base/log.js';
import { refusals, Refusal } from '../model/refusal.js';
import type { DetectedRequest } from '../s3/detect.js';
import { errorDocument, s3Status } from '../s3/error-document.js';
import { xml } from '../s3/xml-write.js';
import { DetailedRefusal, type Answer } from './answer.js';
import { ClientPace } from './client-pace.js';
import type { GatewayMetrics } from './metrics.js';
import { RequestBody } from './request-body.js';
import { answerRequest, type RequestLineParts } from './request-line.js';
import { sendAnswer } from './send-answer.js';

export interface ExchangeParts extends RequestLineParts {
  metrics: GatewayMetrics;
  log: Log;
  /** Goes into answers as HostId. */
  gatewayId: string;
  clock: Clock;
}

/** One request and its answer on the socket: whatever the line below throws becomes an answer here, and nowhere else. */
export class Exchange {
  readonly pace: ClientPace;
  readonly #incoming: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #parts: ExchangeParts;
  readonly #id: string;
  readonly #body: RequestBody;
  #detected: DetectedRequest | null = null;
  /** When the head of the answer went out. */
  #headAtMs: number | null = null;

  constructor(
    incoming: IncomingMessage,
    response: ServerResponse,
    parts: ExchangeParts,
    options: { id: string; expectsContinue: boolean },
  ) {
    this.#incoming = incoming;
    this.#response = response;
    this.#parts = parts;
    this.#id = options.id;
    this.pace = new ClientPace(parts.clock);
    this.#body = new RequestBody(incoming, response, { pace: this.pace, expectsContinue: options.expectsContinue });
  }

  /** Never rejects. `isStopping`: the connection ends with this answer. */
  async run(isStopping: () => boolean): Promise<void> {
    const { clock, services } = this.#parts;
    const startedMs = clock.monotonicMs();
    let failure: unknown = null;
    let isAdmitted = false;
    let answer: Answer;
    try {
      services.admission.enter();
      isAdmitted = true;
      const { method = '', url: rawTarget = '', rawHeaders } = this.#incoming;
      const arrived = { id: this.#id, raw: { method, rawTarget, rawHeaders }, body: this.#body, onDetected: this.#onDetected };
      answer = await answerRequest(arrived, this.#parts);
    } catch (error) {
      failure = error;
      answer = this.#errorAnswer(error);
    }
    let sentBytes = 0;
    try {
      sentBytes = await this.#send(answer, isStopping());
    } catch (error) {
      failure = error;
      // Bytes that are missing must not look like the end of a shorter object.
      if (this.#response.headersSent) this.#response.destroy();
      else sentBytes = await this.#send(this.#errorAnswer(error), isStopping()).catch(() => 0);
    } finally {
      if (isAdmitted) services.admission.leave();
    }
    this.#tell(failure, sentBytes, startedMs);
  }

  readonly #onDetected = (detected: DetectedRequest): void => {
    this.#detected = detected;
  };

  #send(answer: Answer, isStopping: boolean): Promise<number> {
    answer.headers.push('x-amz-request-id', this.#id, 'x-amz-id-2', this.#parts.gatewayId, 'server', 'AetherStore');
    if (!this.#body.isFinished) answerEarly(this.#incoming, this.#response, this.#parts.clock);
    else if (isStopping) answer.headers.push('connection', 'close');
    const onHead = (): void => void (this.#headAtMs ??= this.#parts.clock.monotonicMs());
    return sendAnswer(this.#response, answer, { pace: this.pace, onHead });
  }

  #errorAnswer(error: unknown): Answer {
    const detailed = error instanceof DetailedRefusal ? error : null;
    const refusal = detailed?.refusal ?? refusalOf(error);
    const headers = [...(detailed?.headers ?? [])];
    const status = s3Status(refusal);
    if (status === 503) headers.push('retry-after', '1');
    if (status === 304) return { status: 304, headers, body: null };
    headers.push('content-type', 'application/xml');
    const { bucket = '', key = '' } = this.#detected ?? {};
    const resource = key === '' ? `/${bucket}` : `/${bucket}/${key}`;
    const elements = refusal.code === 'region-wrong' ? xml`<Region>${this.#parts.services.region}</Region>` : (detailed?.elements ?? null);
    const document = errorDocument(refusal, { resource, requestId: this.#id, hostId: this.#parts.gatewayId }, elements);
    return { status, headers, body: document };
  }

  /** One line and one count for each request. */
  #tell(failure: unknown, sentBytes: number, startedMs: number): void {
    const { clock, log, metrics } = this.#parts;
    const durationMs = clock.monotonicMs() - startedMs;
    const firstByteMs = this.#headAtMs === null ? null : this.#headAtMs - startedMs;
    const { operation = 'unknown', bucket, key } = this.#detected ?? {};
    const { statusCode } = this.#response;
    const receivedBytes = this.#body.receivedBytes;
    metrics.countRequest({ operation, status: statusCode, durationMs, firstByteMs, receivedBytes, sentBytes });
    const { method, socket } = this.#incoming;
    const line = {
      requestId: this.#id,
      method,
      operation,
      bucket,
      key,
      status: statusCode,
      receivedBytes,
      sentBytes,
      durationMs: Math.round(durationMs * 10) / 10,
      remote: socket.remoteAddress,
    };
    if (failure === null) {
      log.info(line, 'request');
      return;
    }
    const refusal = failure instanceof DetailedRefusal ? failure.refusal : failure instanceof Refusal ? failure : null;
    if (refusal) {
      // Trouble of the store is told at the level that people run with, so that a client's request id can be found
      const level = statusCode >= 500 ? 'warn' : 'info';
      log[level]({ ...line, code: refusals[refusal.code].s3, refusal: refusal.code, detail: refusal.message }, 'request');
    } else if (this.#response.destroyed) log.info({ ...line, aborted: true, reason: (failure as Error).message }, 'request');
    else log.error({ ...line, err: failure }, 'request');
  }
}

/** An unexpected error says nothing of itself. */
function refusalOf(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal('internal');
}
