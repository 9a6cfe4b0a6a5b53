import { must } from '../../base/must.js';
import { manifestChunksMax } from '../../model/limits.js';
import type { ManifestChunk, ManifestPage } from '../../model/object.js';
import { unpackChunks } from '../rows/body.js';
import { chunkInfo, chunksByIds, unpackNodes } from '../rows/chunk.js';
import { slicesFrom, type ManifestSliceRow } from '../rows/slice.js';
import type { ReadTx, Transaction } from '../tx.js';

/** The chunks of a version from the one that holds the offset on, as many as fit into a page. */
export function* manifestPage(tx: ReadTx, versionNumber: number, offsetBytes: number): Transaction<ManifestPage> {
  // Each slice has a chunk at least, so these are enough for a page; one more tells whether it is the last.
  const slices = yield* tx.all(slicesFrom, [versionNumber, versionNumber, offsetBytes, manifestChunksMax + 1], manifestChunksMax + 1);
  const chunks: ManifestChunk[] = [];
  for (const slice of slices) {
    if (chunks.length > manifestChunksMax) break;
    addChunks(chunks, slice, offsetBytes);
  }
  const nextOffsetBytes = chunks[manifestChunksMax]?.objectOffsetBytes ?? null;
  chunks.length = Math.min(chunks.length, manifestChunksMax);
  yield* completeChunks(tx, chunks);
  return { chunks, nextOffsetBytes };
}

/** The chunks of bodies that have more than one came without their rows. */
function* completeChunks(tx: ReadTx, chunks: readonly ManifestChunk[]): Transaction<void> {
  const bare = chunks.filter(({ nodeNumbers }) => nodeNumbers.length === 0);
  if (bare.length === 0) return;
  const ids = [...new Set(bare.map(({ id }) => id))];
  const rows = yield* tx.all(chunksByIds, [JSON.stringify(ids)], ids.length);
  const byId = new Map(rows.map((row) => chunkInfo(row)).map((chunk) => [chunk.id, chunk]));
  for (const chunk of bare) {
    const { crc32c, nodeNumbers } = must(byId.get(chunk.id), 'the row of a chunk that a body lists');
    chunk.crc32c = crc32c;
    chunk.nodeNumbers = nodeNumbers;
  }
}

/** The chunks under a slice, but for those that end at or before the offset in the object. */
function addChunks(chunks: ManifestChunk[], slice: ManifestSliceRow, offsetBytes: number): void {
  const { offset, skip, length } = slice;
  for (const { id, startBytes, endBytes } of unpackChunks(slice.chunks)) {
    const from = Math.max(startBytes, skip);
    const to = Math.min(endBytes, skip + length);
    const objectOffsetBytes = offset + from - skip;
    const useBytes = to - from;
    if (useBytes > 0 && objectOffsetBytes + useBytes > offsetBytes) {
      chunks.push({
        id,
        lengthBytes: endBytes - startBytes,
        crc32c: slice.crc32c ?? 0,
        objectOffsetBytes,
        skipBytes: from - startBytes,
        useBytes,
        nodeNumbers: unpackNodes(slice.nodes),
      });
    }
  }
}
