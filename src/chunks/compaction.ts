import { unlink } from 'node:fs/promises';
import { must } from '../base/must.js';
import type { ChunkIndex, IndexEntry } from './chunk-index.js';
import { HintEntries, readHint, writeHint, type Hint, type HintEntry } from './hint-file.js';
import { LogDigest } from './log-digest.js';
import { writeAll } from './positioned-io.js';
import { decodeHeader, encodeHeader, payloadMatches, recordBytesMax, sealBytes } from './record.js';
import { truncateBehindSeal } from './recovery.js';
import { writeSeal } from './seal.js';
import { SegmentWindow } from './segment-scan.js';
import { segmentHeadBytes, type Segment } from './segment.js';
import { dropUnnamedSegment, nameSegment, type SegmentPool, type Spare } from './segment-pool.js';
import type { SegmentTable } from './segment-table.js';
import { droppableTombstones } from './tombstones.js';
import type { VolumeLimits } from './volume-limits.js';

/**
 * What has been done when a step is named. After each of them the volume may stop in any way and nothing is lost:
 *  - `reserved`: the space of the copy is written ahead;
 *  - `copied`: what lives in the victims stands, sealed and durable, in a file that no start would read;
 *  - `hinted`: and has its hint;
 *  - `named`: the file is a segment; victims and copy hold the same records, with the same sequences;
 *  - `switched`: the index points at the copy;
 *  - `released`: one victim is gone, durably; comes once for each, the oldest first.
 */
export type CompactionStep = 'reserved' | 'copied' | 'hinted' | 'named' | 'switched' | 'released';

export interface CompactionParts {
  limits: VolumeLimits;
  seed: number;
  table: SegmentTable;
  pool: SegmentPool;
  index: ChunkIndex;
  /** The segment that the log writes to. */
  active: () => Segment;
  /** Whether hint and digests of a sealed segment are on disk. */
  isSettled: (segment: Segment) => boolean;
  /** A record that should be copied is unreadable. */
  onDamaged: (id: string, entry: IndexEntry) => void;
}

interface Survivor {
  id: string;
  from: { segment: Segment; offset: number };
  toOffset: number;
  recordBytes: number;
  tombstone: boolean;
}

const gatherBytes = 1024 * 1024;
const pageBytes = 4096;
/** Victims are left alone when rewriting them would give back less of their space. */
const winFractionMin = 0.05;

/** Rewrites the segments that hold most garbage as one. Nothing is yielded when there is nothing worth doing. */
export async function* compact(parts: CompactionParts): AsyncGenerator<CompactionStep, void> {
  const { limits, pool } = parts;
  await reviewTombstones(parts);
  let victims = chooseVictims(parts, limits.segmentSizeBytes);
  if (victims.length === 0) return;
  let output: Segment | null = null;
  let survivors: Survivor[] = [];
  if (keptBytes(victims) > 0) {
    const spare = (await pool.make(neededBytes(victims))) ?? pool.takeReserve();
    if (spare === null) return;
    victims = withinSpare(victims, spare);
    if (victims.length === 0) {
      await pool.give(spare.path, spare.fileBytes);
      return;
    }
    output = await pool.activate(spare, 'compacted');
    try {
      yield 'reserved';
      const copied = await copySurvivors(parts, victims, output);
      if (copied === null) {
        await dropUnnamedSegment(output);
        return;
      }
      survivors = copied.survivors;
      yield 'copied';
      await writeHint(output, copied.hint);
      yield 'hinted';
      await nameSegment(output);
    } catch (error) {
      output.closeIfIdle(); // the next start takes the file away
      throw error;
    }
    yield 'named';
    parts.table.add(output);
    switchTo(parts, output, survivors);
    yield 'switched';
  }
  for (const victim of victims) {
    await release(parts, victim);
    yield 'released';
  }
}

/** The sealed segments whose rewriting gives back most, as many as fit into one; none while little can be won. */
function chooseVictims(parts: CompactionParts, budgetBytes: number): Segment[] {
  const { limits } = parts;
  const sealed = candidates(parts);
  const empty = sealed.filter((segment) => kept(segment) === 0);
  if (empty.length > 0) return empty;
  const filesBytes = sealed.reduce((sum, segment) => sum + segment.fileBytes, 0);
  const small = sealed.filter((segment) => segment.fileBytes < limits.segmentSizeBytes / 4);
  const pool =
    keptBytes(sealed) < filesBytes * limits.compactionLiveFraction ? sealed : small.length > limits.smallSegmentsMax ? small : [];
  const chosen: Segment[] = [];
  let needed = segmentHeadBytes + sealBytes;
  for (const segment of pool.sort((a, b) => kept(a) / a.fileBytes - kept(b) / b.fileBytes)) {
    needed += kept(segment);
    if (needed > budgetBytes) break;
    chosen.push(segment);
  }
  const chosenBytes = chosen.reduce((sum, segment) => sum + segment.fileBytes, 0);
  const wonBytes = chosenBytes - inPages(keptBytes(chosen) + segmentHeadBytes + sealBytes);
  if (wonBytes < chosenBytes * winFractionMin) return [];
  return chosen.sort((a, b) => a.firstSequence - b.firstSequence);
}

function candidates(parts: CompactionParts): Segment[] {
  const active = parts.active();
  const sealed = parts.table.all().filter((segment) => segment !== active && parts.isSettled(segment));
  // While the active segment is empty, the newest of the log alone knows sequence and digest for the next start.
  const newestLog =
    active.lastSequence === 0 ? sealed.filter((segment) => segment.role === 'log').reduce<Segment | null>(later, null) : null;
  return sealed.filter((segment) => segment !== newestLog && segment.gaps.length === 0 && segment.damagedRecords === 0);
}

function later(best: Segment | null, segment: Segment): Segment {
  return best === null || segment.lastSequence > best.lastSequence ? segment : best;
}

function kept(segment: Segment): number {
  return segment.liveBytes + segment.tombstoneBytes - segment.droppableBytes;
}

function keptBytes(segments: Segment[]): number {
  return segments.reduce((sum, segment) => sum + kept(segment), 0);
}

/** Tombstones that were taken for droppable may have to be copied after all, so all of them are given room. */
function neededBytes(victims: Segment[]): number {
  const bytes = victims.reduce((sum, segment) => sum + segment.liveBytes + segment.tombstoneBytes, segmentHeadBytes + sealBytes);
  return inPages(bytes);
}

function inPages(bytes: number): number {
  return Math.ceil(bytes / pageBytes) * pageBytes;
}

function withinSpare(victims: Segment[], spare: Spare): Segment[] {
  const fitting: Segment[] = [];
  for (const victim of victims) {
    if (neededBytes([...fitting, victim]) > spare.fileBytes) break;
    fitting.push(victim);
  }
  return fitting;
}

/** Learns, for segments that hold many tombstones, which of these have nothing left to kill. */
async function reviewTombstones(parts: CompactionParts): Promise<void> {
  for (const segment of candidates(parts)) {
    if (segment.tombstoneBytes < segment.fileBytes / 8 || segment.reviewedAtRelease === parts.table.releases) continue;
    const { releases } = parts.table;
    const hint = await hintOf(segment);
    const droppable = await droppableTombstones(parts.table, segment, hint, parts.isSettled);
    segment.droppableBytes = [...hint.entries].reduce((sum, entry) => sum + (droppable.has(entry.sequence) ? entry.recordBytes : 0), 0);
    segment.reviewedAtRelease = releases;
  }
}

async function hintOf(segment: Segment): Promise<Hint> {
  return must(await readHint(segment.hintPath, segment.number), `the hint of ${segment.path}, which was written`);
}

/** Copies what the index points at, and the tombstones that may still have something to kill. Null when a record is unreadable. */
async function copySurvivors(
  parts: CompactionParts,
  victims: Segment[],
  output: Segment,
): Promise<{ survivors: Survivor[]; hint: Hint } | null> {
  const survivors: Survivor[] = [];
  const entries = new HintEntries();
  const gather = Buffer.alloc(gatherBytes + recordBytesMax);
  let gathered = 0;
  const flush = async (): Promise<void> => {
    await writeAll(must(output.openFd, 'the copy is open'), [gather.subarray(0, gathered)], output.endBytes);
    output.endBytes += gathered;
    gathered = 0;
  };
  for (const victim of victims) {
    const hint = await hintOf(victim);
    const droppable = await droppableTombstones(parts.table, victim, hint, parts.isSettled);
    const window = new SegmentWindow(await parts.table.pin(victim), victim.fileBytes);
    try {
      for (const entry of hint.entries) {
        if (entry.type === 'tombstone' ? droppable.has(entry.sequence) : !isLive(parts.index, victim, entry)) continue;
        const bytes = await window.from(entry.offset);
        const record = decodeHeader(bytes, 0, parts.seed);
        if (record === null || record.sequence !== entry.sequence || !payloadMatches(record, bytes, 0)) {
          const current = parts.index.find(entry.id);
          if (current !== null) parts.onDamaged(entry.id, current);
          return null;
        }
        bytes.copy(gather, gathered, 0, entry.recordBytes);
        const toOffset = output.endBytes + gathered;
        encodeHeader(gather, gathered, { ...record, epoch: output.number, batchFirst: record.sequence }, parts.seed);
        gathered += entry.recordBytes;
        entries.add(record, toOffset);
        output.noteSequence(entry.sequence);
        survivors.push({
          id: entry.id,
          from: { segment: victim, offset: entry.offset },
          toOffset,
          recordBytes: entry.recordBytes,
          tombstone: entry.type === 'tombstone',
        });
        if (gathered >= gatherBytes) await flush();
      }
    } finally {
      victim.unpin();
    }
  }
  await flush();
  const digest = new LogDigest();
  await writeSeal(output, { sequence: output.lastSequence, digest, seed: parts.seed });
  await truncateBehindSeal(output, must(output.openFd, 'the copy is open'));
  return {
    survivors,
    hint: {
      role: 'compacted',
      endBytes: output.endBytes,
      lastBatchFirst: 0,
      digestLow: digest.low,
      digestHigh: digest.high,
      gaps: [],
      entries,
    },
  };
}

function isLive(index: ChunkIndex, segment: Segment, entry: HintEntry): boolean {
  const current = index.find(entry.id);
  return current !== null && current.segment === segment.handle && current.offset === entry.offset;
}

/** What was deleted or replaced while it was copied stays dead: only entries that still point at the victim move. */
function switchTo(parts: CompactionParts, output: Segment, survivors: Survivor[]): void {
  for (const { id, from, toOffset, recordBytes, tombstone } of survivors) {
    if (tombstone) {
      output.tombstoneBytes += recordBytes;
      continue;
    }
    const moved = parts.index.repoint(
      id,
      { segment: from.segment.handle, offset: from.offset },
      { segment: output.handle, offset: toOffset },
    );
    if (!moved) continue;
    from.segment.liveBytes -= recordBytes;
    output.liveBytes += recordBytes;
  }
}

/** The oldest victim goes first and its absence is durable before the next goes. */
async function release(parts: CompactionParts, victim: Segment): Promise<void> {
  await victim.unpinned();
  parts.table.release(victim);
  await unlink(victim.hintPath);
  await parts.pool.give(victim.path, victim.fileBytes);
}
