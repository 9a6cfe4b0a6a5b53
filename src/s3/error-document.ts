import { refusals, type Refusal } from '../model/refusal.js';
import { xml, xmlDocument, type XmlText } from './xml-write.js';

/** Where and to whom an error is told. */
export interface ErrorPlace {
  /** Bucket and key, `/bucket/key`. */
  resource: string;
  requestId: string;
  hostId: string;
}

/** An error as S3 shows it. `extra`: further elements that some codes carry. */
export function errorDocument(refusal: Refusal, place: ErrorPlace, extra: XmlText | null = null): Buffer {
  const content = xml`<Code>${refusals[refusal.code].s3}</Code><Message>${refusal.message}</Message>${extra}<Resource>${place.resource}</Resource><RequestId>${place.requestId}</RequestId><HostId>${place.hostId}</HostId>`;
  return xmlDocument('Error', content, null);
}
