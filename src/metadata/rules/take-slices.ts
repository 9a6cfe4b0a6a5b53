import { must } from '../../base/must.js';
import { doomedChunksMax } from '../limits.js';
import {
  deleteGarbage,
  deleteSlicesAt,
  deleteVersions,
  lowerGarbage,
  slicesOfOwner,
  slicesOfOwners,
  type GarbageRow,
  type GarbageSliceRow,
} from '../rows/garbage.js';
import type { ReadTx, Transaction, Tx } from '../tx.js';

/** What one batch works off: owners in the order of the queue, and slices of theirs. */
export interface TakenSlices {
  owners: GarbageRow[];
  slices: GarbageSliceRow[];
}

/** As many owners as have at most `limit` slices together; of a larger one its first slices. */
export function* takeSlices(tx: ReadTx, due: readonly GarbageRow[], limit: number): Transaction<TakenSlices> {
  const owners: GarbageRow[] = [];
  let room = limit;
  for (const row of due) {
    if (owners.length > 0 && row.slices > room) break;
    owners.push(row);
    room -= row.slices;
  }
  const found =
    owners.length === 1
      ? yield* tx.all(slicesOfOwner, [must(owners[0], 'a due row').owner, limit], limit)
      : yield* tx.all(slicesOfOwners, [JSON.stringify(owners.map(({ owner }) => owner)), limit], limit);
  return { owners, slices: withinChunkBound(found) };
}

/** A body can have a thousand chunks, each of which becomes rows for all its nodes. */
function withinChunkBound(slices: readonly GarbageSliceRow[]): GarbageSliceRow[] {
  const within: GarbageSliceRow[] = [];
  let chunks = 0;
  for (const slice of slices) {
    chunks += slice.chunks;
    if (within.length > 0 && chunks > doomedChunksMax) break;
    within.push(slice);
  }
  return within;
}

/** Removes the slices; an owner without any left leaves the queue, and its version row goes. */
export function* forgetSlices(tx: Tx, { owners, slices }: TakenSlices): Transaction<void> {
  const worked = new Map<number, number>();
  for (const { owner } of slices) worked.set(owner, (worked.get(owner) ?? 0) + 1);
  const ended: GarbageRow[] = [];
  const lowered: number[][] = [];
  for (const row of owners) {
    const left = row.slices - (worked.get(row.owner) ?? 0);
    if (left === 0) ended.push(row);
    else if (left < row.slices) lowered.push([row.queued_ms, row.owner, left]);
  }
  yield* tx.run(deleteSlicesAt, [JSON.stringify(slices.map(({ owner, offset }) => [owner, offset]))]);
  yield* tx.run(lowerGarbage, [JSON.stringify(lowered)]);
  yield* tx.run(deleteVersions, [JSON.stringify(ended.map(({ owner }) => owner))]);
  yield* tx.run(deleteGarbage, [JSON.stringify(ended.map((row) => [row.queued_ms, row.owner]))]);
  yield* tx.bump('garbage', -ended.length);
}
