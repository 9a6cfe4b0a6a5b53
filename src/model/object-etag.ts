import type { ChunkFacts } from './chunk.js';

/** A strong ETag, with its quotes: an object is never overwritten, and length and CRC tell two uploads of one id apart. */
export function objectEtag(facts: ChunkFacts): string {
  return `"${facts.crc32c.toString(16).padStart(8, '0')}-${facts.lengthBytes.toString(16)}"`;
}

/** Whether an If-None-Match or If-Range header names this ETag (RFC 9110, 13.1.2: weak comparison). */
export function headerNamesEtag(header: string, etag: string): boolean {
  return header.split(',').some((given) => given.trim() === '*' || given.trim().replace(/^W\//, '') === etag);
}
