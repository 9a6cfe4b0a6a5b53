import { must } from '../base/must.js';
import { Refusal } from '../model/refusal.js';
import { hashesFor, readBodyClaims, verifyBody } from '../s3/checksums.js';
import { emptySha256 } from '../s3/canonical.js';
import type { OperationRow } from '../s3/operations.js';
import { createPayloadDecoder, declaredLengthBytes, refuseStreaming, type PayloadMode } from '../s3/payload.js';
import { HeaderLines } from '../s3/raw-request.js';
import type { GatewayRequest, GatewayServices } from './operation.js';

/** Reads the XML body of a request, bounded by its row, and verifies what the client said of its bytes. */
export async function readDocument(
  request: Pick<GatewayRequest, 'headers' | 'payload' | 'body'>,
  row: OperationRow,
  services: Pick<GatewayServices, 'hashers' | 'admission'>,
): Promise<Buffer> {
  const { headers, payload } = request;
  refuseStreaming(payload);
  const hasBody = headers.get('content-length') !== null || headers.get('transfer-encoding') !== null;
  const lengthBytes = hasBody ? declaredLengthBytes(headers, payload) : 0;
  if (lengthBytes > must(row.bodyBytesMax, 'bodyBytesMax')) throw new Refusal('xml-malformed', 'The XML is too large.');
  const claims = readBodyClaims(row.checksumIsOfObject ? withoutChecksum(headers) : headers, payload, null);
  const decoder = createPayloadDecoder(payload, lengthBytes);
  const room = services.admission.reserve(lengthBytes);
  if (room !== null) await room;
  try {
    const pieces = hasBody ? await request.body.collect(decoder) : [];
    const document = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, lengthBytes);
    verifyBody(claims, services.hashers.hash(hashesFor(claims), document), decoder.trailers);
    return document;
  } finally {
    services.admission.giveBack(lengthBytes);
  }
}

function withoutChecksum(headers: HeaderLines): HeaderLines {
  return new HeaderLines([...headers.entries()].filter(([name]) => !name.startsWith('x-amz-checksum-')).flat());
}

/** An operation without a body takes none, and no promise of one: nobody would compare it with the bytes. */
export function refuseBody(headers: HeaderLines, payload: PayloadMode): void {
  refuseStreaming(payload);
  if (payload.kind === 'sha256' && payload.sha256 !== emptySha256) throw new Refusal('content-sha256-mismatch');
  const length = headers.get('content-length');
  if (headers.get('transfer-encoding') !== null || (length !== null && length !== '0')) {
    throw new Refusal('request-invalid', 'This operation takes no request body.');
  }
}
