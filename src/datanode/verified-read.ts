import { firstWrongBlock } from '../chunks/block-crcs.js';
import type { ChunkReader } from '../chunks/chunk-reader.js';
import { blockSizeBytes } from '../model/limits.js';
import type { ByteRange } from '../model/byte-range.js';
import { Refusal } from '../model/refusal.js';

/**
 * Bytes [startBytes, endBytes) of a chunk, each block compared with its CRC before it is given out.
 * Throws `chunk-damaged` at the first block that differs, and when the disk gives fewer bytes than the chunk has.
 */
export async function* readVerified(reader: ChunkReader, range: ByteRange): AsyncGenerator<Buffer> {
  const { blockCrcs } = reader;
  // A packed chunk is one piece, and was checked when it was opened.
  let offsetBytes = blockCrcs.length === 0 ? 0 : Math.floor(range.startBytes / blockSizeBytes) * blockSizeBytes;
  for await (const bytes of reader.read(range.startBytes, range.endBytes)) {
    if (blockCrcs.length > 0 && firstWrongBlock(bytes, blockCrcs, offsetBytes / blockSizeBytes) !== null)
      throw new Refusal('chunk-damaged');
    const from = Math.max(0, range.startBytes - offsetBytes);
    const to = Math.min(bytes.length, range.endBytes - offsetBytes);
    if (from < to) yield bytes.subarray(from, to);
    offsetBytes += bytes.length;
  }
  if (offsetBytes < range.endBytes) throw new Refusal('chunk-damaged', 'The copy is shorter than its record says.');
}
