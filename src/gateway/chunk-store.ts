import type { ByteRange } from '../model/byte-range.js';
import type { WrittenChunk } from '../model/chunk.js';
import type { ResponseOf } from '../wire/verbs.js';

/** Where a body belongs; goes into chunk headers for people (salvage). */
export interface BodyOrigin {
  bucketId: number;
  key: string;
  partNumber: number | null;
}

export interface ChunkStore {
  write(source: Buffer[] | AsyncIterable<Buffer>, origin: BodyOrigin): Promise<WrittenChunk[]>;
  read(found: Pick<ResponseOf<'lookupObject'>, 'version' | 'manifest'>, range: ByteRange): AsyncIterable<Buffer>;
}
