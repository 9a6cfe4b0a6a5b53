import type { ByteRange } from '../model/byte-range.js';
import type { WrittenChunk } from '../model/chunk.js';
import type { ResponseOf } from '../wire/verbs.js';

/** Where a body belongs; goes into chunk headers for people (salvage). */
export interface BodyOrigin {
  bucketId: number;
  key: string;
  partNumber: number | null;
}

/** What reading needs to know of an object. */
export type FoundObject = Pick<ResponseOf<'lookupObject'>, 'version' | 'manifest'>;

/** Where bodies are: as far as operations are concerned. */
export interface BodyStore {
  /** Makes a body durable. Refuses: nodes-too-few; rejects with what the source throws. */
  write(source: Buffer[] | AsyncIterable<Buffer>, origin: BodyOrigin): Promise<WrittenChunk[]>;
  /** Verified bytes of an object. Refuses: replicas-unreadable. */
  read(found: FoundObject, range: ByteRange): AsyncIterable<Buffer>;
}
