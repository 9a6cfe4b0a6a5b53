import { must } from '../../base/must.js';
import { uuidFromBytes, uuidToBytes } from '../../base/uuid.js';
import { manifestChunksMax } from '../../model/limits.js';
import type { ManifestChunk, ManifestPage } from '../../model/object.js';
import { unpackChunks } from '../rows/body.js';
import { chunkById, chunksByIds, unpackNodes, type ChunkRow } from '../rows/chunk.js';
import { slicesFrom, type ManifestSliceRow } from '../rows/slice.js';
import type { ReadTx, Transaction } from '../tx.js';

interface Piece extends Pick<ManifestChunk, 'id' | 'objectOffsetBytes' | 'skipBytes' | 'useBytes'> {}

/** The chunks of a version from the one that holds the offset on, as many as fit into a page. */
export function* manifestPage(tx: ReadTx, versionNumber: number, offsetBytes: number): Transaction<ManifestPage> {
  // Each slice has a chunk at least, so these are enough for a page; one more tells whether it is the last.
  const slices = yield* tx.all(slicesFrom, [versionNumber, versionNumber, offsetBytes, manifestChunksMax + 1], manifestChunksMax + 1);
  const pieces: Piece[] = [];
  for (const slice of slices) {
    if (pieces.length > manifestChunksMax) break;
    addPieces(pieces, slice, offsetBytes);
  }
  const nextOffsetBytes = pieces[manifestChunksMax]?.objectOffsetBytes ?? null;
  pieces.length = Math.min(pieces.length, manifestChunksMax);

  const chunks: ManifestChunk[] = [];
  const ids = [...new Set(pieces.map(({ id }) => id))];
  const byId = yield* chunkRows(tx, ids);
  for (const piece of pieces) {
    const { length, crc32c, nodes } = must(byId.get(piece.id), 'the row of a chunk that a body lists');
    chunks.push({ ...piece, lengthBytes: length, crc32c, nodeNumbers: unpackNodes(nodes) });
  }
  return { chunks, nextOffsetBytes };
}

/** One chunk, which nearly every object is, goes without the detour over JSON. */
function* chunkRows(tx: ReadTx, ids: readonly string[]): Transaction<Map<string, ChunkRow>> {
  if (ids.length === 0) return new Map();
  if (ids.length > 1) {
    const rows = yield* tx.all(chunksByIds, [JSON.stringify(ids)], ids.length);
    return new Map(rows.map((row) => [uuidFromBytes(row.id), row]));
  }
  const id = ids[0]!;
  const row = yield* tx.get(chunkById, [uuidToBytes(id)]);
  return row === undefined ? new Map() : new Map([[id, row]]);
}

/** The chunks under a slice, but for those that end at or before the offset in the object. */
function addPieces(pieces: Piece[], slice: ManifestSliceRow, offsetBytes: number): void {
  const { offset, skip, length } = slice;
  for (const { id, startBytes, endBytes } of unpackChunks(slice.chunks)) {
    const from = Math.max(startBytes, skip);
    const to = Math.min(endBytes, skip + length);
    const objectOffsetBytes = offset + from - skip;
    const useBytes = to - from;
    if (useBytes > 0 && objectOffsetBytes + useBytes > offsetBytes) {
      pieces.push({ id, objectOffsetBytes, skipBytes: from - startBytes, useBytes });
    }
  }
}
