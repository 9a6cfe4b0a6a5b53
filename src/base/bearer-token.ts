import { createHash, timingSafeEqual } from 'node:crypto';

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * Whether an Authorization header carries one of the accepted tokens (RFC 6750, 2.1). Takes the same time for every
 * wrong token of a length: digests are compared, all of them.
 */
export function bearerTokenAccepted(header: string | undefined, accepted: readonly string[]): boolean {
  const given = /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1];
  if (given === undefined) return false;
  const givenDigest = digest(given);
  let matches = 0;
  for (const token of accepted) matches += timingSafeEqual(digest(token), givenDigest) ? 1 : 0;
  return matches > 0;
}
