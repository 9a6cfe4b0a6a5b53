import { constants } from 'node:fs';
import { readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../base/atomic-file.js';
import type { DiskCondition } from './disk-condition.js';
import { isFullError } from './disk-error.js';
import { closeFd, openFd, syncDataFd, writeAll } from './positioned-io.js';
import { encodeSegmentHead, Segment, segmentBaseName, type SegmentRole } from './segment.js';
import type { SegmentTable } from './segment-table.js';
import type { VolumeLimits } from './volume-limits.js';

/** A file of written bytes, zeros or stale, that waits to become a segment. */
export interface Spare {
  path: string;
  fileBytes: number;
}

const fillPieceBytes = 1024 * 1024;
/** Zeros are synced after so many bytes, so that the log's own small syncs do not wait for a large flush. */
const fillSyncBytes = 4 * 1024 * 1024;

interface PoolParts {
  folder: string;
  nodeId: string;
  limits: VolumeLimits;
  table: SegmentTable;
  condition: DiskCondition;
}

/**
 * Files written ahead. Overwriting written blocks needs no allocation: a commit into them is one flush and cannot
 * find the disk full. The reserve is a few of them that only deletes and compaction may take.
 */
export class SegmentPool {
  readonly #parts: PoolParts;
  readonly #spares: Spare[] = [];
  readonly #reserve: Spare[] = [];
  #filling: Promise<void> | null = null;
  #full = false;
  #closed = false;

  private constructor(parts: PoolParts) {
    this.#parts = parts;
  }

  /** Takes over what an earlier run left: whole spares are used again, half-written ones removed. */
  static async open(parts: PoolParts): Promise<SegmentPool> {
    const pool = new SegmentPool(parts);
    for (const name of await readdir(parts.folder)) {
      const path = join(parts.folder, name);
      if (name.endsWith('.filling') || name.endsWith('.new')) await unlink(path);
      else if (name.endsWith('.reserve')) pool.#reserve.push({ path, fileBytes: (await stat(path)).size });
      else if (name.endsWith('.spare')) pool.#spares.push({ path, fileBytes: (await stat(path)).size });
    }
    return pool;
  }

  get reserveIsWhole(): boolean {
    return this.#reserve.length >= this.#parts.limits.reserveSegments;
  }

  /**
   * Writes ahead in the background until the reserve is whole and `spares` full-sized ones wait. Stops at a full
   * disk until `resume`.
   */
  fill(spares: number): void {
    if (this.#closed || this.#full || this.#filling !== null) return;
    this.#filling = this.#fill(spares).finally(() => {
      this.#filling = null;
    });
  }

  /** Resolves when nothing is being written ahead. */
  async idle(): Promise<void> {
    await this.#filling;
  }

  /** There may be room again. */
  resume(): void {
    this.#full = false;
    if (!this.reserveIsWhole) this.fill(0);
  }

  /** A full-sized spare that is ready, or null. */
  takeReady(): Spare | null {
    return this.#spares.pop() ?? null;
  }

  takeReserve(): Spare | null {
    return this.#reserve.pop() ?? null;
  }

  /** Writes a new spare now. Null when the disk is full, or was and `resume` has not been called. */
  async make(fileBytes: number): Promise<Spare | null> {
    if (this.#full) return null;
    const { folder, table } = this.#parts;
    const base = join(folder, segmentBaseName(table.nextNumber()));
    const temporary = `${base}.filling`;
    try {
      await writeZeros(temporary, fileBytes);
    } catch (error) {
      if (!isFullError(error)) throw this.#parts.condition.failed(error);
      this.#full = true;
      await unlink(temporary).catch(() => undefined); // it may never have come into being; the next start removes it
      return null;
    }
    const path = `${base}.spare`;
    await rename(temporary, path);
    return { path, fileBytes };
  }

  /** Gives a released segment's file back: to the reserve, to the spares, or to the disk. The folder is synced. */
  async give(path: string, fileBytes: number): Promise<void> {
    const { limits, folder } = this.#parts;
    if (!this.reserveIsWhole && fileBytes >= limits.reserveSegmentSizeBytes)
      this.#reserve.push(await this.#renamed(path, fileBytes, '.reserve'));
    else if (this.#spares.length < limits.sparesMax && fileBytes >= limits.segmentSizeBytes)
      this.#spares.push(await this.#renamed(path, fileBytes, '.spare'));
    else await unlink(path);
    await syncFolder(folder);
  }

  /**
   * Makes a segment of a spare: its head, with a number that is new for ever, is durable before the file can get its
   * final name by `nameSegment`. Until then the next start takes the file away.
   */
  async activate(spare: Spare, role: SegmentRole): Promise<Segment> {
    const { table, folder, nodeId } = this.#parts;
    const number = table.nextNumber();
    const fd = await openFd(spare.path, constants.O_RDWR | constants.O_DSYNC);
    const segment = new Segment({ handle: table.nextHandle(), number, role, folder, fileBytes: spare.fileBytes, fd });
    segment.warm = true;
    try {
      await writeAll(fd, [encodeSegmentHead({ number, role, nodeId })], 0);
      await rename(spare.path, unnamedPath(segment));
    } catch (error) {
      segment.closeIfIdle();
      throw error;
    }
    return segment;
  }

  /** Removes one file of the reserve: room for the volume's own small files on a full disk. False when there is none. */
  async freeReserve(): Promise<boolean> {
    const spare = this.#reserve.pop();
    if (spare === undefined) return false;
    await unlink(spare.path);
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.idle();
  }

  async #fill(spares: number): Promise<void> {
    const { limits } = this.#parts;
    try {
      while (!this.#closed && !this.reserveIsWhole) {
        const spare = await this.make(limits.reserveSegmentSizeBytes);
        if (spare === null) return;
        this.#reserve.push(await this.#renamed(spare.path, spare.fileBytes, '.reserve'));
      }
      while (!this.#closed && this.#spares.length < spares) {
        const spare = await this.make(limits.segmentSizeBytes);
        if (spare === null) return;
        this.#spares.push(spare);
      }
    } catch (error) {
      this.#parts.condition.failed(error);
    }
  }

  async #renamed(path: string, fileBytes: number, suffix: string): Promise<Spare> {
    const target = join(this.#parts.folder, `${segmentBaseName(this.#parts.table.nextNumber())}${suffix}`);
    await rename(path, target);
    return { path: target, fileBytes };
  }
}

/**
 * Writes a small file of the volume itself; on a full disk it may use up a part of the reserve. The second try is of a
 * write that found no room, never of one that failed.
 */
export async function withReserve<T>(pool: SegmentPool, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isFullError(error) || !(await pool.freeReserve())) throw error;
    return write();
  }
}

/** As `freeReserve`, before the pool is open. */
export async function freeReserveFile(folder: string): Promise<boolean> {
  const name = (await readdir(folder)).find((candidate) => candidate.endsWith('.reserve'));
  if (name === undefined) return false;
  await unlink(join(folder, name));
  return true;
}

/** Gives an activated segment its final name, durably: from now on recovery reads it. */
export async function nameSegment(segment: Segment): Promise<void> {
  await rename(unnamedPath(segment), segment.path);
  await syncFolder(segment.folder);
}

/** Takes an activated segment away that will not be used. */
export async function dropUnnamedSegment(segment: Segment): Promise<void> {
  segment.closeIfIdle();
  await unlink(unnamedPath(segment));
}

function unnamedPath(segment: Segment): string {
  return `${segment.path}.new`;
}

async function writeZeros(path: string, fileBytes: number): Promise<void> {
  const fd = await openFd(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    const piece = Buffer.alloc(Math.min(fillPieceBytes, fileBytes));
    let unsyncedBytes = 0;
    for (let at = 0; at < fileBytes; at += piece.length) {
      const bytes = Math.min(piece.length, fileBytes - at);
      await writeAll(fd, [piece.subarray(0, bytes)], at);
      unsyncedBytes += bytes;
      if (unsyncedBytes < fillSyncBytes) continue;
      await syncDataFd(fd);
      unsyncedBytes = 0;
    }
    await syncDataFd(fd);
  } finally {
    await closeFd(fd);
  }
}
