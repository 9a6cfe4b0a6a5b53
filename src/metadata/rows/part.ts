import type { ChecksumAlgorithm } from '../../model/object.js';

export interface PartChecksum {
  algorithm: ChecksumAlgorithm;
  value: string; // base64
}
