import { constants, readFileSync } from 'node:fs';
import { readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../base/atomic-file.js';
import { crc32c } from '../base/crc32c.js';
import { digestText } from './log-digest.js';
import { closeFd, openFd, syncDataFd, writeAll } from './positioned-io.js';
import { readInteger, writeInteger } from './record.js';

/*
 * What the digest of the log was at the end of each batch, so that a volume can prove what it once said. A heartbeat
 * only ever tells the end of a batch that is durable. The batches of the active segment are in memory and, as each
 * record carries the digest before it, found again by recovery. When a segment of the log is sealed, its list goes
 * into `<segment>.digests`, which outlives the segment; the newest lists are kept.
 *
 * File: u32 magic, u32 CRC32C of the rest, then per batch u64 last sequence, u32 digest low, u32 digest high.
 */

const magic = 0x47_44_48_41;
const headBytes = 8;
const entryBytes = 16;
const suffix = '.digests';

/** The ends of the batches of one segment. */
export class BatchEnds {
  readonly #sequences: number[] = [];
  readonly #digests: number[] = [];

  add(sequence: number, digest: { low: number; high: number }): void {
    this.#sequences.push(sequence);
    this.#digests.push(digest.low, digest.high);
  }

  find(sequence: number): string | null {
    // Asked about once per return of a node; a list has at most some hundred thousand batches.
    const index = this.#sequences.lastIndexOf(sequence);
    return index < 0 ? null : digestText(this.#digests[index * 2]!, this.#digests[index * 2 + 1]!);
  }

  encode(): Buffer {
    const bytes = Buffer.alloc(headBytes + this.#sequences.length * entryBytes);
    this.#sequences.forEach((sequence, index) => {
      const at = headBytes + index * entryBytes;
      writeInteger(bytes, sequence, at);
      bytes.writeUInt32LE(this.#digests[index * 2]!, at + 8);
      bytes.writeUInt32LE(this.#digests[index * 2 + 1]!, at + 12);
    });
    bytes.writeUInt32LE(magic, 0);
    bytes.writeUInt32LE(crc32c(bytes.subarray(headBytes)), 4);
    return bytes;
  }
}

function findInFile(bytes: Buffer, sequence: number): string | null {
  if (bytes.length < headBytes || bytes.readUInt32LE(0) !== magic || crc32c(bytes.subarray(headBytes)) !== bytes.readUInt32LE(4))
    return null;
  const count = Math.floor((bytes.length - headBytes) / entryBytes);
  for (let index = 0; index < count; index += 1) {
    const at = headBytes + index * entryBytes;
    if (readInteger(bytes, at) === sequence) return digestText(bytes.readUInt32LE(at + 8), bytes.readUInt32LE(at + 12));
  }
  return null;
}

/** The lists of sealed segments. */
export class DigestHistory {
  readonly #folder: string;
  readonly #filesMax: number;
  /** Names, the oldest first. */
  readonly #names: string[];

  private constructor(folder: string, filesMax: number, names: string[]) {
    this.#folder = folder;
    this.#filesMax = filesMax;
    this.#names = names;
  }

  static async open(folder: string, filesMax: number): Promise<DigestHistory> {
    const names = (await readdir(folder)).filter((name) => name.endsWith(suffix)).sort();
    return new DigestHistory(folder, filesMax, names);
  }

  has(segmentBaseName: string): boolean {
    return this.#names.includes(segmentBaseName + suffix);
  }

  /** Durable when it resolves: only then may the segment itself go. */
  async add(segmentBaseName: string, ends: BatchEnds): Promise<void> {
    const name = segmentBaseName + suffix;
    const temporary = join(this.#folder, `${name}.tmp`);
    const fd = await openFd(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
    try {
      await writeAll(fd, [ends.encode()], 0);
      await syncDataFd(fd);
    } finally {
      await closeFd(fd);
    }
    await rename(temporary, join(this.#folder, name));
    await syncFolder(this.#folder);
    if (!this.#names.includes(name)) this.#names.push(name);
    while (this.#names.length > this.#filesMax) await unlink(join(this.#folder, this.#names.shift()!));
  }

  /** The digest at the end of the batch that ended with `sequence`, or null. Reads files: for rare questions. */
  find(sequence: number): string | null {
    for (const name of [...this.#names].reverse()) {
      const found = findInFile(readFileSync(join(this.#folder, name)), sequence);
      if (found !== null) return found;
    }
    return null;
  }
}
