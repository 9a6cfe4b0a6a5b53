import type { Clock } from '../base/clock.js';
import { detect, type DetectedRequest } from '../s3/detect.js';
import { operations } from '../s3/operations.js';
import { HeaderLines, parseRequest, type ParsedRequest, type RawRequest } from '../s3/raw-request.js';
import type { SignatureVerifier } from '../s3/sigv4.js';
import { refuseUnsupportedHeaders } from '../s3/unsupported-headers.js';
import type { Answer } from './answer.js';
import { requireOwnAccess } from './in-bucket.js';
import type { GatewayRequest, GatewayServices } from './operation.js';
import { operationTable } from './operations/table.js';
import { readDocument, refuseBody } from './request-document.js';
import type { RequestBody } from './request-body.js';

export interface RequestLineParts {
  services: GatewayServices;
  verifier: SignatureVerifier;
  clock: Clock;
  /** Bucket names before this domain in the Host header; null knows paths only. */
  baseDomain: string | null;
}

/** One request on its way through the line. */
export interface ArrivedRequest {
  id: string;
  raw: RawRequest;
  body: RequestBody;
  /** Hears what the request turned out to be, as soon as that is known. */
  onDetected: (detected: DetectedRequest) => void;
}

/** The life of a request: what is it, who sent it, may they, and what is the answer. Each step can refuse. */
export async function answerRequest(arrived: ArrivedRequest, parts: RequestLineParts): Promise<Answer> {
  const { services, verifier, clock, baseDomain } = parts;

  // 1. What is it? Nothing below looks at the raw request again.
  const parsed = parseRequest(arrived.raw);
  const detected = detect(parsed, baseDomain);
  arrived.onDetected(detected);
  const row = operations[detected.operation];

  // 2. Who sent it? Only bytes that a known key signed get any further.
  const verified = verifier.verify(parsed, clock.wallMs());
  const headers = verified.presigned ? withHoistedHeaders(parsed) : parsed.headers;
  const principal = { accessKeyId: verified.accessKeyId, isRoot: true };

  // 3. May they? The bucket's own rules are looked at by the operation, which knows how fresh its facts are.
  requireOwnAccess(principal, detected);

  // 4. Can it be done at all?
  refuseUnsupportedHeaders(headers);
  if (row.body === 'none') refuseBody(headers, verified.payload);

  // 5. Do it. A document is read and verified first; the bytes of an object are for the operation to read.
  const { id, body } = arrived;
  const { payload } = verified;
  const { operation, bucket, key } = detected;
  const document = row.body === 'xml' ? await readDocument({ headers, payload, body }, row, services) : EMPTY;
  const request: GatewayRequest = { id, operation, bucket, key, query: parsed.query, headers, principal, payload, body, document };
  return operationTable[operation](request, services);
}

const EMPTY = Buffer.alloc(0);

/** SDKs move `x-amz-*` headers of a presigned request into its query, where they mean the same. */
function withHoistedHeaders({ headers, query }: ParsedRequest): HeaderLines {
  const hoisted = query.pairs.filter(([name]) => name.toLowerCase().startsWith('x-amz-') && !SIGNATURE_PARAMETERS.has(name));
  return hoisted.length === 0 ? headers : new HeaderLines([...headers.entries(), ...hoisted].flat());
}

const SIGNATURE_PARAMETERS: ReadonlySet<string> = new Set([
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
  'X-Amz-Content-Sha256',
]);
