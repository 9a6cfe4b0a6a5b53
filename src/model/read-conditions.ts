/** Conditions on reading an object, also on a copy's source; times in milliseconds, ETags as `parseEtags` gives them. */
export interface ReadConditions {
  ifMatch: string | null;
  ifNoneMatch: string | null;
  ifModifiedSinceMs: number | null;
  ifUnmodifiedSinceMs: number | null;
}

/** What the conditions are about. */
export interface ConditionSubject {
  etag: string;
  lastModifiedMs: number;
}

/** Whether a list of ETags without quotes, parted by commas, or `*`, names this one. */
export function namesEtag(list: string, etag: string): boolean {
  return list === '*' || list === etag || (list.includes(',') && list.split(',').includes(etag));
}

/** HTTP dates have no parts of a second. */
function wholeSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}

/**
 * The order of RFC 9110, 13.2.2: If-Match, else If-Unmodified-Since; then If-None-Match, else If-Modified-Since.
 * A `failed` one is a 412; `not-modified` is a 304 to a reader and a 412 to a copy.
 */
export function judgeRead(conditions: ReadConditions, subject: ConditionSubject): 'proceed' | 'failed' | 'not-modified' {
  const modifiedMs = wholeSeconds(subject.lastModifiedMs);
  if (conditions.ifMatch !== null) {
    if (!namesEtag(conditions.ifMatch, subject.etag)) return 'failed';
  } else if (conditions.ifUnmodifiedSinceMs !== null && modifiedMs > conditions.ifUnmodifiedSinceMs) {
    return 'failed';
  }
  if (conditions.ifNoneMatch !== null) {
    if (namesEtag(conditions.ifNoneMatch, subject.etag)) return 'not-modified';
  } else if (conditions.ifModifiedSinceMs !== null && modifiedMs <= conditions.ifModifiedSinceMs) {
    return 'not-modified';
  }
  return 'proceed';
}
