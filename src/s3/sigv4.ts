import { LRUCache } from 'lru-cache';
import { must } from '../base/must.js';
import { Refusal } from '../model/refusal.js';
import { canonicalRequest, equalsHex, scopeText, stringToSign } from './canonical.js';
import { payloadMode, type PayloadMode } from './payload.js';
import type { ParsedRequest } from './raw-request.js';
import {
  readHeaderAuthorization,
  readQueryAuthorization,
  unsupportedMechanism,
  type Authorization,
  type Credential,
} from './authorization.js';
import { deriveSigningKey, type SigningKey } from './signing-key.js';

/** AWS: a signed request is good for 15 minutes around its time. */
export const allowedSkewMs = 15 * 60_000;
const signingKeysMax = 1024;

export interface VerifierOptions {
  region: string;
  /** The secret of an access key, null when there is no such key. */
  secretOf: (accessKeyId: string) => string | null;
}

/** Who signed, and how the body has to be read. */
export interface VerifiedRequest {
  accessKeyId: string;
  presigned: boolean;
  payload: PayloadMode;
}

/** Verifies AWS Signature Version 4 in header or query. Denies by default: whatever it does not know is refused. */
export class SignatureVerifier {
  readonly #options: VerifierOptions;
  /** Deriving a key costs more than the rest of the check; kept per access key and day, derived anew when the secret changes. */
  readonly #keys = new LRUCache<string, { secret: string; key: SigningKey }>({ max: signingKeysMax });

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /**
   * Refuses: access-denied (anonymous, unsigned `host` or `x-amz-*`), access-key-unknown, signature-mismatch, time-skewed,
   * request-expired, authorization-malformed, authorization-query-malformed, region-wrong, session-token-unknown,
   * request-invalid. `nowMs`: wall clock.
   */
  verify(request: ParsedRequest, nowMs: number): VerifiedRequest {
    const authorization = readAuthorization(request);
    this.#checkScope(authorization);
    checkTime(authorization, nowMs);
    checkSignedHeaders(request, authorization);

    // A key that nobody has is checked like any other, so that time does not tell which keys exist.
    const { accessKeyId, day, region } = authorization.credential;
    const secret = this.#options.secretOf(accessKeyId);
    const key =
      secret === null
        ? this.#signingKey('', 'nobody', authorization.credential)
        : this.#signingKey(accessKeyId, secret, authorization.credential);
    const scope = scopeText(day, region);
    const text = stringToSign({ timestamp: authorization.timestamp, scope }, canonicalOf(request, authorization));
    const matches = equalsHex(key.sign(text), authorization.signature);
    if (secret === null) throw new Refusal('access-key-unknown');
    if (!matches) throw new Refusal('signature-mismatch');

    const signing = { key, timestamp: authorization.timestamp, scope, seedSignature: authorization.signature };
    const payload = payloadMode(authorization.payloadHash, signing);
    if (authorization.presigned && payload.kind === 'streaming') {
      throw new Refusal('request-invalid', 'A presigned request takes no streaming payload.');
    }
    return { accessKeyId, presigned: authorization.presigned, payload };
  }

  #checkScope(authorization: Authorization): void {
    const malformed = authorization.presigned ? 'authorization-query-malformed' : 'authorization-malformed';
    const { day, region, service, terminator } = authorization.credential;
    if (day !== authorization.timestamp.slice(0, 8))
      throw new Refusal(malformed, 'The date of the credential is not the date of the request.');
    if (service !== 's3') throw new Refusal(malformed, `The service of the credential is wrong; expecting 's3'.`);
    if (terminator !== 'aws4_request') throw new Refusal(malformed, `The credential has to end in 'aws4_request'.`);
    if (region !== this.#options.region) {
      throw new Refusal('region-wrong', `The authorization header is malformed; the region is wrong; expecting '${this.#options.region}'`);
    }
  }

  #signingKey(accessKeyId: string, secret: string, { day, region }: Credential): SigningKey {
    const name = `${day}/${accessKeyId}`;
    const known = this.#keys.get(name);
    if (known !== undefined && known.secret === secret) return known.key;
    const key = deriveSigningKey(secret, day, region);
    this.#keys.set(name, { secret, key });
    return key;
  }
}

function readAuthorization(request: ParsedRequest): Authorization {
  const header = request.headers.get('authorization');
  const inQuery = request.query.has('X-Amz-Algorithm') || request.query.has('X-Amz-Signature');
  if (header !== null && inQuery) {
    throw new Refusal('request-invalid', 'Only one auth mechanism allowed; only the Authorization header or the query string.');
  }
  if (header !== null) return readHeaderAuthorization(header, request);
  if (inQuery) return readQueryAuthorization(request);
  if (request.query.has('AWSAccessKeyId')) throw new Refusal('request-invalid', unsupportedMechanism);
  throw new Refusal('access-denied', 'Anonymous access is not allowed: sign the request.');
}

function checkTime(authorization: Authorization, nowMs: number): void {
  const ageMs = nowMs - authorization.timeMs;
  if (ageMs < -allowedSkewMs) throw new Refusal('time-skewed');
  if (authorization.expiresSeconds === null) {
    if (ageMs > allowedSkewMs) throw new Refusal('time-skewed');
  } else if (ageMs > authorization.expiresSeconds * 1000) {
    throw new Refusal('request-expired');
  }
}

/** `host` and every `x-amz-*` that is there have to be signed: otherwise anyone on the way could add some. */
function checkSignedHeaders(request: ParsedRequest, { signedHeaders }: Authorization): void {
  if (!signedHeaders.includes('host')) throw new Refusal('access-denied', `The header 'host' has to be signed.`);
  for (const name of request.headers.names()) {
    if (name.startsWith('x-amz-') && !signedHeaders.includes(name)) {
      throw new Refusal('access-denied', `There were headers present in the request which were not signed: ${name}`);
    }
  }
  for (const name of signedHeaders) {
    if (request.headers.get(name) === null) throw new Refusal('signature-mismatch', `The signed header '${name}' is not there.`);
  }
}

function canonicalOf(request: ParsedRequest, authorization: Authorization): string {
  const { presigned, signedHeaders, payloadHash } = authorization;
  return canonicalRequest({
    method: request.method,
    path: request.path,
    query: presigned ? request.query.pairs.filter(([name]) => name !== 'X-Amz-Signature') : request.query.pairs,
    signedHeaders,
    headerOf: (name) => must(request.headers.get(name), 'a signed header'),
    payloadHash,
  });
}
