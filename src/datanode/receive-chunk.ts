import type { ChunkKind, ChunkOrigin } from '../model/chunk.js';
import { packedSizeBytesMax } from '../model/limits.js';
import { Refusal } from '../model/refusal.js';
import type { PutMode } from '../chunks/chunk-store.js';
import type { ExtentWriter } from '../chunks/extent-writer.js';
import type { Volume } from '../chunks/volume.js';

/** Bytes on their way in, pulled by their reader; null at the end. What is not pulled is not sent. */
export interface ChunkSource {
  read(): Promise<Buffer | null>;
}

export interface ReceiveOptions {
  volume: Pick<Volume, 'putPacked' | 'beginExtent'>;
  chunk: { id: string; kind: ChunkKind; generation: number; origin: ChunkOrigin };
  /** What a chunk that stands under the id already means. */
  mode: PutMode;
  lengthBytesMax: number;
  /** What the bytes should have been. Called once, after the last byte and before anything is durable. */
  facts: () => Promise<{ lengthBytes: number; crc32c: number }>;
}

/**
 * Stores one chunk whose length is not known in advance: small ones are gathered and packed, larger ones go to an
 * extent as they come. Resolves when the chunk is durable; when it rejects, nothing is stored.
 */
export async function receiveChunk(source: ChunkSource, options: ReceiveOptions): Promise<'stored' | 'repeated'> {
  const { volume, chunk, mode } = options;
  const gathered: Buffer[] = [];
  let lengthBytes = 0;
  let extent: ExtentWriter | null = null;
  try {
    for (let bytes = await source.read(); bytes !== null; bytes = await source.read()) {
      lengthBytes += bytes.length;
      if (lengthBytes > options.lengthBytesMax) throw new Refusal('object-too-large');
      if (extent === null && lengthBytes > packedSizeBytesMax) {
        extent = await volume.beginExtent(chunk, mode);
        for (const earlier of gathered) await extent.write(earlier);
        gathered.length = 0;
      }
      if (extent === null) gathered.push(bytes);
      else await extent.write(bytes);
    }
    const facts = await options.facts();
    if (extent === null) return await volume.putPacked({ ...chunk, ...facts }, gathered, mode);
    const writer = extent;
    extent = null; // a seal that fails has cleaned up after itself
    return await writer.seal(facts);
  } finally {
    await extent?.abort();
  }
}
