import { Refusal, refusals, type RefusalCode } from './refusal.js';

/** An error as the REST APIs of master and datanode show it. */
export interface RestError {
  status: number;
  body: { error: { code: RefusalCode; message: string } };
  /** What belongs into the log, or null: an expected refusal is no news. */
  unexpected: unknown;
}

/** What a body parser throws (`http-errors` shape): its own refusals have a type and a status below 500. */
interface BodyError {
  type: string;
  status: number;
}

function isBodyError(error: unknown): error is BodyError {
  if (!(error instanceof Error)) return false;
  const { type, status } = error as Partial<BodyError>;
  return typeof type === 'string' && typeof status === 'number' && status >= 400 && status < 500;
}

/** The one place where a failure becomes a REST answer. Nothing of an unexpected error is shown, not even its message. */
export function restError(error: unknown): RestError {
  const refusal = toRefusal(error);
  const shown = refusal ?? new Refusal('internal');
  return {
    status: shown.status,
    body: { error: { code: shown.code, message: shown.message } },
    unexpected: refusal && refusals[refusal.code].status !== 500 ? null : error,
  };
}

function toRefusal(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error;
  if (error instanceof URIError) return new Refusal('uri-invalid'); // a path that does not decode
  if (!isBodyError(error)) return null;
  switch (error.type) {
    case 'entity.too.large':
    case 'parameters.too.many':
      return new Refusal('request-too-large');
    case 'request.aborted':
    case 'request.size.invalid':
      return new Refusal('body-incomplete');
    default: // entity.parse.failed, charset.unsupported, encoding.unsupported, …
      return new Refusal('json-malformed');
  }
}
