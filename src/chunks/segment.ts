import { closeSync, constants } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '../base/crc32c.js';
import { must } from '../base/must.js';
import { uuidFromBytes, writeUuid } from '../base/uuid.js';
import { openFd } from './positioned-io.js';
import { readInteger, writeInteger } from './record.js';

/** `log`: sequences without a gap, in the order of writing. `compacted`: what compaction kept of others, ascending. */
export type SegmentRole = 'log' | 'compacted';

/** Bytes of the log that recovery could not read although later ones were there. */
export interface Gap {
  startBytes: number;
  endBytes: number;
}

/** The first bytes of a segment file; records follow. */
export const segmentHeadBytes = 64;
const headMagic = 0x47_53_45_41;
const headFormat = 1;
const roleCodes: Record<SegmentRole, number> = { log: 1, compacted: 2 };

export interface SegmentHead {
  /** Unique for ever on its volume (boot number and a counter): the epoch of its records. */
  number: number;
  role: SegmentRole;
  nodeId: string;
}

export function encodeSegmentHead(head: SegmentHead): Buffer {
  const bytes = Buffer.alloc(segmentHeadBytes);
  bytes.writeUInt32LE(headMagic, 0);
  bytes.writeUInt16LE(headFormat, 8);
  bytes.writeUInt16LE(roleCodes[head.role], 10);
  writeInteger(bytes, head.number, 16);
  writeUuid(bytes, head.nodeId, 24);
  bytes.writeUInt32LE(crc32c(bytes.subarray(8)), 4);
  return bytes;
}

export function decodeSegmentHead(bytes: Buffer): SegmentHead | null {
  if (bytes.length < segmentHeadBytes || bytes.readUInt32LE(0) !== headMagic || bytes.readUInt16LE(8) !== headFormat) return null;
  if (crc32c(bytes.subarray(8, segmentHeadBytes)) !== bytes.readUInt32LE(4)) return null;
  const role = bytes.readUInt16LE(10) === roleCodes.log ? 'log' : 'compacted';
  return { number: readInteger(bytes, 16), role, nodeId: uuidFromBytes(bytes, 24) };
}

/** Numbers stand in file names with so many hexadecimal digits, so that names sort as they were made. */
export function segmentBaseName(number: number): string {
  return number.toString(16).padStart(14, '0');
}

/** A segment that stands on disk under its name, and what is known of it. */
export class Segment {
  /** Stands for it in the index, in this run. */
  readonly handle: number;
  readonly number: number;
  readonly role: SegmentRole;
  readonly folder: string;
  /** Size of the file. */
  fileBytes: number;
  /** Where the records end: of the seal's header once sealed. */
  endBytes = segmentHeadBytes;
  /** Space of records that the index points at. */
  liveBytes = 0;
  /** Space of tombstones, which live as long as what they kill may be found. */
  tombstoneBytes = 0;
  /** Of these, what a review found to have nothing left to kill, and the count of releases at that time. */
  droppableBytes = 0;
  reviewedAtRelease = -1;
  /** Lowest and highest sequence in it; 0 while it is empty. */
  firstSequence = 0;
  lastSequence = 0;
  /** First sequence of its last batch. */
  lastBatchFirst = 0;
  gaps: Gap[] = [];
  /** Records that are live and unreadable: while there are any, the segment stays as it is. */
  damagedRecords = 0;
  /** Written in this run and likely in the page cache. */
  warm = false;
  #fd: number | null = null;
  #opening: Promise<number> | null = null;
  #pins = 0;
  #whenUnpinned: (() => void)[] = [];

  constructor(options: { handle: number; number: number; role: SegmentRole; folder: string; fileBytes: number; fd?: number }) {
    this.handle = options.handle;
    this.number = options.number;
    this.role = options.role;
    this.folder = options.folder;
    this.fileBytes = options.fileBytes;
    this.#fd = options.fd ?? null;
  }

  get path(): string {
    return join(this.folder, `${segmentBaseName(this.number)}.seg`);
  }

  get hintPath(): string {
    return join(this.folder, `${segmentBaseName(this.number)}.hint`);
  }

  get isOpen(): boolean {
    return this.#fd !== null;
  }

  get isPinned(): boolean {
    return this.#pins > 0;
  }

  /** The descriptor, when it is open; for a synchronous read of what is in the page cache. */
  get openFd(): number | null {
    return this.#fd;
  }

  noteSequence(sequence: number): void {
    this.firstSequence = this.firstSequence === 0 ? sequence : Math.min(this.firstSequence, sequence);
    this.lastSequence = Math.max(this.lastSequence, sequence);
  }

  /** Keeps file and descriptor until `unpin`. */
  async pin(): Promise<number> {
    this.#pins += 1;
    if (this.#fd !== null) return this.#fd;
    try {
      this.#opening ??= openFd(this.path, constants.O_RDONLY);
      this.#fd = await this.#opening;
    } catch (error) {
      this.unpin();
      throw error;
    } finally {
      this.#opening = null;
    }
    return must(this.#fd, 'a descriptor that was opened');
  }

  unpin(): void {
    this.#pins -= 1;
    if (this.#pins > 0) return;
    for (const wake of this.#whenUnpinned) wake();
    this.#whenUnpinned = [];
  }

  /** Closes the descriptor unless somebody reads. */
  closeIfIdle(): void {
    if (this.#fd === null || this.#pins > 0) return;
    closeSync(this.#fd);
    this.#fd = null;
  }

  /** Resolves when nobody reads it any more. */
  async unpinned(): Promise<void> {
    if (this.#pins > 0) await new Promise<void>((resolve) => this.#whenUnpinned.push(resolve));
  }
}
