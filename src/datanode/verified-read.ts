import { crc32c } from '../base/crc32c.js';
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
    if (blockCrcs.length > 0 && !blocksMatch(bytes, blockCrcs, offsetBytes / blockSizeBytes)) throw new Refusal('chunk-damaged');
    const from = Math.max(0, range.startBytes - offsetBytes);
    const to = Math.min(bytes.length, range.endBytes - offsetBytes);
    if (from < to) yield bytes.subarray(from, to);
    offsetBytes += bytes.length;
  }
  if (offsetBytes < range.endBytes) throw new Refusal('chunk-damaged', 'The copy is shorter than its record says.');
}

/** `bytes` are whole blocks, but for the last of a chunk, which may be shorter. */
function blocksMatch(bytes: Buffer, blockCrcs: Uint32Array, firstBlock: number): boolean {
  for (let start = 0; start < bytes.length; start += blockSizeBytes) {
    if (crc32c(bytes.subarray(start, start + blockSizeBytes)) !== blockCrcs[firstBlock + start / blockSizeBytes]) return false;
  }
  return true;
}
