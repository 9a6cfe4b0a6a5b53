import { refusals, type Refusal } from '../model/refusal.js';
import { xml, xmlDocument, type XmlText } from './xml-write.js';

/** Where and to whom an error is told. */
export interface ErrorPlace {
  /** Bucket and key, `/bucket/key`. */
  resource: string;
  requestId: string;
  hostId: string;
}

/** Statuses that S3 gives these codes, whatever another door says of the same refusal; clients repeat on them. */
const STATUS_OF_CODE: ReadonlyMap<string, number> = new Map([
  ['InternalError', 500],
  ['ServiceUnavailable', 503],
  ['SlowDown', 503],
]);

/** The status of a refusal at the S3 door. */
export function s3Status(refusal: Refusal): number {
  return STATUS_OF_CODE.get(refusals[refusal.code].s3) ?? refusal.status;
}

/** An error as S3 shows it. `extra`: further elements that some codes carry. */
export function errorDocument(refusal: Refusal, place: ErrorPlace, extra: XmlText | null = null): Buffer {
  const content = xml`<Code>${refusals[refusal.code].s3}</Code><Message>${refusal.message}</Message>${extra}<Resource>${place.resource}</Resource><RequestId>${place.requestId}</RequestId><HostId>${place.hostId}</HostId>`;
  return xmlDocument('Error', content, null);
}
