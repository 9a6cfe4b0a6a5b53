import type { WriteConditions } from '../model/object.js';
import type { ReadConditions } from '../model/read-conditions.js';
import { Refusal } from '../model/refusal.js';
import { parseHttpDate } from './http-date.js';
import type { HeaderLines } from './raw-request.js';

/**
 * The ETags of an If-Match or If-None-Match header without their quotes, parted by commas; `*` stays. Clients also send
 * them unquoted; a weak mark makes no difference here, as every ETag stands for exact bytes.
 */
export function parseEtags(header: string | null): string | null {
  if (header === null) return null;
  const etags = header.split(',').map(bareEtag);
  return etags.filter((etag) => etag !== '').join(',');
}

/** One ETag without quotes and weak mark. */
export function bareEtag(text: string): string {
  const match = /^\s*(?:W\/)?"?([^"]*)"?\s*$/.exec(text);
  return match ? match[1]! : text;
}

const NO_CONDITIONS: ReadConditions = { ifMatch: null, ifNoneMatch: null, ifModifiedSinceMs: null, ifUnmodifiedSinceMs: null };

function httpDate(header: string | null): number | null {
  return header === null ? null : parseHttpDate(header);
}

/** Conditions of a GET or HEAD; with `x-amz-copy-source-` in front, those on the source of a copy. */
export function readConditions(headers: HeaderLines, prefix: '' | 'x-amz-copy-source-'): ReadConditions {
  const ifMatch = headers.get(`${prefix}if-match`);
  const ifNoneMatch = headers.get(`${prefix}if-none-match`);
  const ifModifiedSince = headers.get(`${prefix}if-modified-since`);
  const ifUnmodifiedSince = headers.get(`${prefix}if-unmodified-since`);
  if (ifMatch === null && ifNoneMatch === null && ifModifiedSince === null && ifUnmodifiedSince === null) {
    return NO_CONDITIONS;
  }
  return {
    ifMatch: parseEtags(ifMatch),
    ifNoneMatch: parseEtags(ifNoneMatch),
    ifModifiedSinceMs: httpDate(ifModifiedSince),
    ifUnmodifiedSinceMs: httpDate(ifUnmodifiedSince),
  };
}

/** Conditions of a PUT, copy or Complete. As at AWS, If-None-Match there can only be `*`. */
export function writeConditions(headers: HeaderLines): WriteConditions {
  const conditions = { ifMatch: parseEtags(headers.get('if-match')), ifNoneMatch: parseEtags(headers.get('if-none-match')) };
  if (conditions.ifNoneMatch !== null && conditions.ifNoneMatch !== '*') {
    throw new Refusal('not-implemented', 'If-None-Match of a writing request can only be "*".');
  }
  if (conditions.ifMatch !== null && conditions.ifNoneMatch !== null) {
    throw new Refusal('not-implemented', 'If-Match and If-None-Match cannot stand together in a writing request.');
  }
  return conditions;
}
