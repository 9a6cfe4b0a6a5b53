/** Sizes and counts that more than one room must agree on. Limits that only one room needs stand in that room. */
const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

/** A gateway starts a new chunk after so many bytes of a body. */
export const chunkSizeBytesMax = 32 * MiB;
/** The largest chunk that REST may store ("object" of the original API). */
export const restObjectSizeBytesMax = 5 * GiB;
/** The largest single S3 PUT or part. */
export const putSizeBytesMax = 5 * GiB;
/** Chunks up to this size are packed into segments; larger ones get an extent. */
export const packedSizeBytesMax = 256 * KiB;
/** An extent carries one CRC32C per block of this size. */
export const blockSizeBytes = 64 * KiB;
/** S3: a key has at most so many bytes of UTF-8. */
export const keyBytesMax = 1024;
/** S3: names and values of user metadata together. */
export const userMetadataBytesMax = 2 * KiB;
export const partNumberMax = 10_000;
/** S3: every part but the last has at least so many bytes. */
export const partSizeBytesMin = 5 * MiB;
export const objectSizeBytesMax = 5 * 1024 * GiB;
/** S3: one list answer, one DeleteObjects request. */
export const listKeysMax = 1000;
export const deleteKeysMax = 1000;
/** One page of a manifest on the wire. */
export const manifestChunksMax = 256;
/** One metadata transaction touches at most so many rows of a worked-off list. */
export const batchRowsMax = 500;
/** Chunks that one commit may name: a 5 GiB body in 32 MiB chunks is 160. */
export const commitChunksMax = 1024;
export const replicationFactorMax = 7;
export const nodesMax = 1000;
