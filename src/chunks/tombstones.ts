import { readHint, type Hint } from './hint-file.js';
import type { Segment } from './segment.js';
import type { SegmentTable } from './segment-table.js';

/**
 * The tombstones of a segment, by sequence, that no other segment needs: the record that each one killed, which it
 * names by its sequence, is nowhere else on the disk. What the segment itself holds goes together with it.
 *
 * Records keep their sequence for ever, so the question is exact: it is asked of the hints of all segments whose range
 * holds the killed sequence. Where a hint cannot answer (a gap, a segment not settled yet), the tombstone stays.
 */
export async function droppableTombstones(
  table: SegmentTable,
  segment: Segment,
  hint: Hint,
  isSettled: (segment: Segment) => boolean,
): Promise<Set<number>> {
  const tombstonesByKilled = new Map<number, number>();
  for (const entry of hint.entries) {
    if (entry.type === 'tombstone' && entry.killedSequence > 0) tombstonesByKilled.set(entry.killedSequence, entry.sequence);
  }
  for (const other of table.all()) {
    if (other === segment || tombstonesByKilled.size === 0) continue;
    const inRange = [...tombstonesByKilled.keys()].filter((killed) => killed >= other.firstSequence && killed <= other.lastSequence);
    if (inRange.length === 0) continue;
    const otherHint = isSettled(other) && other.gaps.length === 0 ? await readHint(other.hintPath, other.number) : null;
    if (otherHint === null) {
      for (const killed of inRange) tombstonesByKilled.delete(killed);
      continue;
    }
    for (const entry of otherHint.entries) tombstonesByKilled.delete(entry.sequence);
  }
  return new Set(tombstonesByKilled.values());
}
