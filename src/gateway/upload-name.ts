import { must } from '../base/must.js';
import { Refusal } from '../model/refusal.js';
import { readPartNumber } from '../s3/complete-request.js';
import type { QueryParameters } from '../s3/raw-request.js';

const uploadIdCharsMax = 256;

/** The upload that a request names. One that cannot be ours is simply not there. */
export function readUploadId(query: QueryParameters): string {
  const uploadId = must(query.get('uploadId'), 'the parameter by which the operation was detected');
  if (uploadId === '' || uploadId.length > uploadIdCharsMax) throw new Refusal('no-such-upload');
  return uploadId;
}

export function readPartNumberOf(query: QueryParameters): number {
  return readPartNumber(must(query.get('partNumber'), 'the parameter by which the operation was detected'));
}
