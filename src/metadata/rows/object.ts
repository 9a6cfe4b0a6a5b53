import type { ChecksumAlgorithm, ChecksumType } from '../../model/object.js';

/** What a list shows of an object. */
export interface ListedObject {
  key: string;
  sizeBytes: number;
  etag: string;
  lastModifiedMs: number;
  checksum: { algorithm: ChecksumAlgorithm; type: ChecksumType } | null;
}
