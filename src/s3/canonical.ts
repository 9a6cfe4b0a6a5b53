import { hash, timingSafeEqual } from 'node:crypto';

/*
 * The text that AWS Signature Version 4 signs, shared by the verifier and by our own client. Written by hand, since a
 * signature is checked for every request ("Authenticating Requests: Using the Authorization Header", Amazon S3 API).
 */

export const signingAlgorithm = 'AWS4-HMAC-SHA256';
export const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** The request as it is signed: what `canonicalRequest` needs. */
export interface CanonicalParts {
  method: string;
  /** Decoded. */
  path: string;
  /** Decoded, in any order; without X-Amz-Signature. */
  query: readonly (readonly [name: string, value: string])[];
  /** Names in lower case, in the order in which they are signed. */
  signedHeaders: readonly string[];
  headerOf(name: string): string;
  /** Hex SHA-256 of the body or one of the literals of x-amz-content-sha256. */
  payloadHash: string;
}

export function canonicalRequest(parts: CanonicalParts): string {
  let headers = '';
  for (const name of parts.signedHeaders) headers += `${name}:${canonicalValue(parts.headerOf(name))}\n`;
  const query = canonicalQuery(parts.query);
  return `${parts.method}\n${encodePath(parts.path)}\n${query}\n${headers}\n${parts.signedHeaders.join(';')}\n${parts.payloadHash}`;
}

/** What the signature is computed over. `canonical` holds header bytes as latin1 characters, so it is hashed as latin1. */
export function stringToSign(scope: { timestamp: string; scope: string }, canonical: string): string {
  return `${signingAlgorithm}\n${scope.timestamp}\n${scope.scope}\n${hash('sha256', Buffer.from(canonical, 'latin1'), 'hex')}`;
}

export function scopeText(day: string, region: string): string {
  return `${day}/${region}/s3/aws4_request`;
}

/** Everything but unreserved characters and `/`. S3 encodes once and never normalises the path. */
export function encodePath(path: string): string {
  return /^[\w\-.~/]*$/.test(path) ? path : encodeText(path).replaceAll('%2F', '/');
}

/** RFC 3986: everything but `A-Z a-z 0-9 - . _ ~`, with upper-case hex digits. */
export function encodeText(text: string): string {
  if (/^[\w\-.~]*$/.test(text)) return text;
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Sorted by encoded name, then by encoded value. */
export function canonicalQuery(pairs: CanonicalParts['query']): string {
  if (pairs.length === 0) return '';
  if (pairs.length === 1) return `${encodeText(pairs[0]![0])}=${encodeText(pairs[0]![1])}`;
  const encoded = pairs.map(([name, value]) => ({ name: encodeText(name), value: encodeText(value) }));
  encoded.sort((a, b) => compareText(a.name, b.name) || compareText(a.value, b.value));
  return encoded.map(({ name, value }) => `${name}=${value}`).join('&');
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Trimmed, each run of blanks as one space. */
function canonicalValue(value: string): string {
  return /^\s|\s$|\s\s|\t/.test(value) ? value.trim().replaceAll(/\s+/g, ' ') : value;
}

/** Constant-time comparison of a signature in hexadecimal with a text of any shape; never throws. */
export function equalsHex(expected: string, given: string): boolean {
  return /^[0-9a-f]{64}$/.test(given) && timingSafeEqual(Buffer.from(expected, 'latin1'), Buffer.from(given, 'latin1'));
}
