import type { IncomingHttpHeaders } from 'node:http';
import { parseRange, type ByteRange } from './byte-range.js';
import type { ChunkFacts } from './chunk.js';
import { headerNamesEtag, objectEtag } from './object-etag.js';

/** Request headers of a read, as they came. */
export interface ObjectReadHeaders {
  range: string | null;
  ifNoneMatch: string | null;
  ifRange: string | null;
}

/** The answer to a read, but for its bytes: those of `range` follow, null means none. A 416 is shown as a refusal. */
export type ObjectReadPlan =
  | { status: 200 | 206; headers: Record<string, string>; range: ByteRange }
  | { status: 304 | 416; headers: Record<string, string>; range: null };

export function objectReadHeaders(headers: IncomingHttpHeaders): ObjectReadHeaders {
  const ifRange = headers['if-range'];
  return {
    range: headers.range ?? null,
    ifNoneMatch: headers['if-none-match'] ?? null,
    ifRange: typeof ifRange === 'string' ? ifRange : null,
  };
}

/** How a REST object is read, through a datanode or the master (RFC 9110, sections 13 and 14). */
export function planObjectRead(facts: ChunkFacts, asked: ObjectReadHeaders): ObjectReadPlan {
  const { lengthBytes } = facts;
  const etag = objectEtag(facts);
  const common = { etag, 'accept-ranges': 'bytes', 'cache-control': 'private, immutable', 'x-content-type-options': 'nosniff' };
  if (asked.ifNoneMatch !== null && headerNamesEtag(asked.ifNoneMatch, etag)) return { status: 304, headers: common, range: null };

  const part = parseRange(asked.ifRange === null || asked.ifRange === etag ? asked.range : null, lengthBytes);
  if (part === 'unsatisfiable') return { status: 416, headers: { 'content-range': `bytes */${lengthBytes}` }, range: null };
  const range = part ?? { startBytes: 0, endBytes: lengthBytes };
  const headers = {
    ...common,
    'content-type': 'application/octet-stream',
    'content-length': String(range.endBytes - range.startBytes),
    ...(part && { 'content-range': `bytes ${part.startBytes}-${part.endBytes - 1}/${lengthBytes}` }),
  };
  return { status: part ? 206 : 200, headers, range };
}
