import type { ChecksumAlgorithm, ChecksumType } from '../../model/object.js';
import type { InBucket } from './in-bucket.js';

/** An upload is named by all three: an id alone opens nothing in another bucket. */
export interface PartName extends InBucket {
  key: string;
  uploadId: string;
}

/** Which checksum an upload's parts carry, and how the object's comes from them. */
export interface UploadFlavour {
  algorithm: ChecksumAlgorithm;
  type: ChecksumType;
}
