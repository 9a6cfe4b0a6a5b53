/** A "no" of the API server, or the 410 within a stream. Failures of the connection are other errors. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** As in HTTP. */
  readonly status: number;
  /** The server's word for it: `NotFound`, `AlreadyExists`, `Conflict`, `Expired`. */
  readonly reason: string;
  /** How long the server wants to be left alone; null when it said nothing. */
  readonly retryAfterMs: number | null;

  constructor(answer: { status: number; reason: string; message: string; retryAfterMs: number | null }) {
    super(`${answer.status} ${answer.reason}: ${answer.message}`);
    this.status = answer.status;
    this.reason = answer.reason;
    this.retryAfterMs = answer.retryAfterMs;
  }
}
