import type { ChunkFacts } from './chunk.js';

export const checksumAlgorithms = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number];
export const checksumTypes = ['FULL_OBJECT', 'COMPOSITE'] as const;
export type ChecksumType = (typeof checksumTypes)[number];

/** A checksum as S3 shows it. */
export interface ObjectChecksum {
  algorithm: ChecksumAlgorithm;
  type: ChecksumType;
  /** Base64 of the big-endian digest; composite ones end in `-N`. */
  value: string;
}

/** What a writer says about an object or upload besides its bytes. */
export interface ObjectAttributes {
  /** Standard headers to give back (`content-type`, `cache-control`, …), names in lower case. */
  headers: Record<string, string>;
  /** User metadata without the `x-amz-meta-` prefix, names in lower case. */
  userMetadata: Record<string, string>;
}

/** The current version of a key. */
export interface ObjectVersion extends ObjectAttributes {
  /** From one counter in the metadata; later is larger. */
  versionNumber: number;
  sizeBytes: number;
  /** Hexadecimal, with `-N` for N parts, without quotes. */
  etag: string;
  lastModifiedMs: number;
  checksum: ObjectChecksum | null;
  /** Number of parts of a multipart object, else null. */
  partCount: number | null;
}

/** One piece of an object: bytes [skipBytes, skipBytes + useBytes) of one chunk. */
export interface ManifestChunk extends ChunkFacts {
  /** Where the piece begins in the object. */
  objectOffsetBytes: number;
  skipBytes: number;
  useBytes: number;
  /** Small node numbers of its replicas, not yet ordered. */
  nodeNumbers: number[];
}

export interface ManifestPage {
  chunks: ManifestChunk[];
  /** Offset in the object at which the next page begins, null at the end. */
  nextOffsetBytes: number | null;
}

/** Write conditions of S3; ETags without quotes, `*` for any. */
export interface WriteConditions {
  ifMatch: string | null;
  ifNoneMatch: string | null;
}
