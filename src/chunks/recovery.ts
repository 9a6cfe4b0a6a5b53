import { constants } from 'node:fs';
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../base/atomic-file.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import { ChunkIndex, type LoadedRecord } from './chunk-index.js';
import { BatchEnds, type DigestHistory } from './digest-history.js';
import { HintEntries, readHint, writeHint, type Hint } from './hint-file.js';
import { LogDigest } from './log-digest.js';
import { closeFd, openFd, readFully, statFd, truncateFd, writeAll } from './positioned-io.js';
import { decodeHeader, sealBytes, type DecodedRecord } from './record.js';
import { writeSeal } from './seal.js';
import { lastBatchFirstIn, scanSegment, SegmentWindow } from './segment-scan.js';
import { decodeSegmentHead, encodeSegmentHead, Segment, segmentBaseName, segmentHeadBytes, type SegmentRole } from './segment.js';
import type { SegmentTable } from './segment-table.js';

export interface RecoveryParts {
  segmentsPath: string;
  nodeId: string;
  seed: number;
  table: SegmentTable;
  history: DigestHistory;
  random: Random;
  log: Log;
  /** Called before anything is derived from a damaged log, with what is wrong: the marker must be durable first. */
  quarantine: (reason: string) => Promise<void>;
}

export interface RecoveredLog {
  index: ChunkIndex;
  /** Last sequence of the log, and the digest over it. */
  sequence: number;
  digest: LogDigest;
  /** What was found damaged, in words. */
  damage: string[];
}

interface Unhinted {
  segment: Segment;
  fd: number;
  lastBatchFirst: number;
}

const pageBytes = 4096;

/**
 * Brings back what the log holds (README, recovery): the hints of sealed segments, then the segments without one,
 * which are those that an unclean stop left, record by record. Torn ends are sealed, durably; damage is kept as it is.
 */
export async function recoverLog(parts: RecoveryParts): Promise<RecoveredLog> {
  const { table } = parts;
  const names = await readdir(parts.segmentsPath);
  const index = new ChunkIndex(parts.random, await expectedCount(parts.segmentsPath, names));
  const damage: string[] = [];
  const unhinted: Unhinted[] = [];
  const top = { sequence: 0, logSequence: 0, digest: new LogDigest() };

  const held: (() => Promise<void>)[] = [];
  for (const number of segmentNumbers(names)) {
    const { segment, fd, headIsWhole, hint } = await openSegment(parts, number);
    table.add(segment);
    if (!headIsWhole) {
      damage.push(`the head of ${segment.path} was broken`);
      held.push(() => rewriteHead(segment, parts.nodeId));
    }
    if (hint === null) {
      unhinted.push({ segment, fd, lastBatchFirst: 0 });
      continue;
    }
    await closeFd(fd);
    takeHint(index, table, segment, hint, top);
  }

  // A batch behind the break proves that the broken one was acknowledged, so the end of the log is looked at first.
  for (const item of unhinted) {
    if (item.segment.role === 'log')
      item.lastBatchFirst = await lastBatchFirstIn(new SegmentWindow(item.fd, item.segment.fileBytes), {
        epoch: item.segment.number,
        seed: parts.seed,
      });
  }
  for (const item of unhinted) {
    const { segment, fd } = item;
    const later = Math.max(
      0,
      ...unhinted.filter((other) => other.segment.number >= segment.number).map((other) => other.lastBatchFirst),
      ...laterHinted(table, segment),
    );
    const { hint, ends, problem } = await readSegment(segment, fd, {
      seed: parts.seed,
      previousSequence: previousSequence(table, segment),
      laterBatchFirst: later,
    });
    await closeFd(fd);
    if (problem !== null) damage.push(problem);
    takeHint(index, table, segment, hint, top);
    const derive = async (): Promise<void> => {
      if (segment.role === 'log') await parts.history.add(segmentBaseName(segment.number), ends);
      await writeHint(segment, hint);
    };
    if (problem === null) await derive();
    else held.push(derive);
    parts.log.info({ segment: segment.number, records: hint.entries.count, ...(problem !== null && { problem }) }, 'segment read');
  }
  if (damage.length > 0) await parts.quarantine(damage.join('; '));
  for (const derive of held) await derive();

  index.finishLoading();
  await removeEmpty(table, parts.segmentsPath);
  await removeStrayHints(parts.segmentsPath, names);
  return { index, sequence: top.sequence, digest: top.digest, damage };
}

/** Enters what a hint says into the index and the segment's accounts. */
function takeHint(
  index: ChunkIndex,
  table: SegmentTable,
  segment: Segment,
  hint: Hint,
  top: { sequence: number; logSequence: number; digest: LogDigest },
): void {
  segment.endBytes = hint.endBytes;
  segment.gaps = hint.gaps;
  segment.lastBatchFirst = hint.lastBatchFirst;
  const account = (handle: number, deltaBytes: number): void => {
    if (handle === segment.handle) segment.liveBytes += deltaBytes;
    else table.get(handle).liveBytes += deltaBytes;
  };
  const record: LoadedRecord = {
    key: new Uint32Array(4),
    sequence: 0,
    recordBytes: 0,
    tombstone: false,
    segment: segment.handle,
    offset: 0,
    lengthBytes: 0,
    crc32c: 0,
    generation: 0,
    kind: 'chunk',
    extent: false,
    damaged: false,
  };
  for (let entry = 0; entry < hint.entries.count; entry += 1) {
    hint.entries.readInto(record, entry);
    index.load(record, account);
    segment.noteSequence(record.sequence);
    if (record.tombstone) segment.tombstoneBytes += record.recordBytes;
  }
  top.sequence = Math.max(top.sequence, segment.lastSequence);
  if (segment.role === 'log' && segment.lastSequence > top.logSequence) {
    top.logSequence = segment.lastSequence;
    top.digest = LogDigest.at(hint.digestLow, hint.digestHigh);
  }
}

/** Reads a segment without a trusted hint, and seals it where a torn batch begins. */
async function readSegment(
  segment: Segment,
  fd: number,
  options: { seed: number; previousSequence: number; laterBatchFirst: number },
): Promise<{ hint: Hint; ends: BatchEnds; problem: string | null }> {
  const window = new SegmentWindow(fd, segment.fileBytes);
  const entries = new HintEntries();
  const ends = new BatchEnds();
  const digest = new LogDigest();
  let last: DecodedRecord | null = null;
  const scan = await scanSegment(window, {
    ...options,
    epoch: segment.number,
    role: segment.role,
    onRecord: (record, offset) => {
      if (last !== null && last.batchFirst !== record.batchFirst) ends.add(last.sequence, digest);
      digest.low = record.digestLow;
      digest.high = record.digestHigh;
      digest.add(record.headerCrc);
      entries.add(record, offset);
      last = record;
    },
  });
  const lastRecord = last as DecodedRecord | null;
  if (lastRecord !== null) ends.add(lastRecord.sequence, digest);
  if (scan.end === 'torn') {
    segment.endBytes = scan.endBytes;
    await sealTorn(segment, { sequence: scan.lastSequence, digest, seed: options.seed }, scan.gaps.length === 0);
  }
  const hint: Hint = {
    role: segment.role,
    endBytes: scan.endBytes,
    lastBatchFirst: lastRecord?.batchFirst ?? 0,
    digestLow: digest.low,
    digestHigh: digest.high,
    gaps: scan.gaps,
    entries,
  };
  const gaps = scan.gaps.map((gap) => `${gap.startBytes} to ${gap.endBytes}`).join(', ');
  const unreadable = window.unreadableBytes > 0 ? `; the disk could not read ${window.unreadableBytes} bytes` : '';
  const problem = gaps === '' && unreadable === '' ? null : `records of ${segment.path} are lost: bytes ${gaps || 'unknown'}${unreadable}`;
  return { hint, ends, problem };
}

/** Nothing behind the seal was ever acknowledged; what is behind it is given back to the disk after it is durable. */
async function sealTorn(segment: Segment, end: { sequence: number; digest: LogDigest; seed: number }, truncate: boolean): Promise<void> {
  const fd = await openFd(segment.path, constants.O_RDWR | constants.O_DSYNC);
  try {
    await writeSeal(segment, end, fd);
    if (truncate) await truncateBehindSeal(segment, fd);
  } finally {
    await closeFd(fd);
  }
}

/** Gives the unwritten rest of a sealed segment back to the disk. */
export async function truncateBehindSeal(segment: Segment, fd: number): Promise<void> {
  const wantedBytes = Math.ceil((segment.endBytes + sealBytes) / pageBytes) * pageBytes;
  if (wantedBytes >= segment.fileBytes) return;
  await truncateFd(fd, wantedBytes);
  segment.fileBytes = wantedBytes;
}

async function openSegment(
  parts: RecoveryParts,
  number: number,
): Promise<{ segment: Segment; fd: number; headIsWhole: boolean; hint: Hint | null }> {
  const path = join(parts.segmentsPath, `${segmentBaseName(number)}.seg`);
  const fd = await openFd(path, constants.O_RDONLY);
  const { size: fileBytes } = await statFd(fd);
  const bytes = Buffer.alloc(segmentHeadBytes);
  await readFully(fd, bytes, 0).catch(() => 0); // an unreadable head is a broken one
  const head = decodeSegmentHead(bytes);
  const headIsWhole = head !== null && head.number === number && head.nodeId === parts.nodeId;
  const hint = await readHint(join(parts.segmentsPath, `${segmentBaseName(number)}.hint`), number);
  const role: SegmentRole = headIsWhole ? head.role : (hint?.role ?? 'log');
  const segment = new Segment({ handle: parts.table.nextHandle(), number, role, folder: parts.segmentsPath, fileBytes });
  return { segment, fd, headIsWhole, hint: hint !== null && (await isTrusted(hint, segment, fd, parts.seed)) ? hint : null };
}

/** The file's name gives its number, the hint or the records its role: the head is made again for the next start. */
async function rewriteHead(segment: Segment, nodeId: string): Promise<void> {
  const fd = await openFd(segment.path, constants.O_RDWR | constants.O_DSYNC);
  try {
    await writeAll(fd, [encodeSegmentHead({ number: segment.number, role: segment.role, nodeId })], 0);
  } finally {
    await closeFd(fd);
  }
}

/** Whether the segment really ends where the hint says. */
async function isTrusted(hint: Hint, segment: Segment, fd: number, seed: number): Promise<boolean> {
  if (hint.role !== segment.role) return false;
  if (hint.gaps.at(-1)?.endBytes === segment.fileBytes && hint.endBytes === segment.fileBytes) return true;
  const bytes = Buffer.alloc(sealBytes);
  const readBytes = await readFully(fd, bytes, hint.endBytes).catch(() => 0);
  const seal = readBytes === sealBytes ? decodeHeader(bytes, 0, seed) : null;
  return seal !== null && seal.type === 'seal' && seal.epoch === segment.number;
}

function previousSequence(table: SegmentTable, segment: Segment): number {
  const earlier = table.all().filter((other) => other.role === 'log' && other.number < segment.number);
  return segment.role === 'log' ? Math.max(0, ...earlier.map((other) => other.lastSequence)) : 0;
}

function laterHinted(table: SegmentTable, segment: Segment): number[] {
  const later = table.all().filter((other) => other.role === 'log' && other.number > segment.number);
  return later.map((other) => other.lastBatchFirst);
}

/** Segments of the log into which nothing was ever written. */
async function removeEmpty(table: SegmentTable, folder: string): Promise<void> {
  for (const segment of table.all()) {
    if (segment.lastSequence > 0 || segment.gaps.length > 0) continue;
    table.remove(segment);
    await unlink(segment.path);
    await unlink(segment.hintPath).catch(() => undefined); // it may never have been written
  }
  await syncFolder(folder);
}

async function removeStrayHints(folder: string, names: string[]): Promise<void> {
  const segments = new Set(names.filter((name) => name.endsWith('.seg')).map((name) => name.slice(0, -'.seg'.length)));
  for (const name of names) {
    const stray = name.endsWith('.hint') && !segments.has(name.slice(0, -'.hint'.length));
    if (stray || name.endsWith('.tmp')) await unlink(join(folder, name)).catch(() => undefined); // only a leftover
  }
}

function segmentNumbers(names: string[]): number[] {
  const numbers = names.map((name) => /^([0-9a-f]{14})\.seg$/.exec(name)?.[1]).filter((text) => text !== undefined);
  return numbers.map((text) => Number.parseInt(text, 16)).sort((a, b) => a - b);
}

/** How many records the hints speak of, from their sizes: the index is made large enough at once. */
async function expectedCount(folder: string, names: string[]): Promise<number> {
  let bytes = 0;
  for (const name of names) if (name.endsWith('.hint')) bytes += (await stat(join(folder, name))).size;
  return Math.ceil(bytes / 48);
}
