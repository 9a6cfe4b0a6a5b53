import { statfs } from 'node:fs/promises';
import type { VolumeLimits } from './volume-limits.js';

/** How full the disk of a volume is. */
export interface DiskFill {
  /** What unprivileged users may fill: used and free together. */
  capacityBytes: number;
  freeBytes: number;
  /** The larger share of bytes and inodes in use, 0 to 1. */
  fraction: number;
}

export async function measureFill(path: string): Promise<DiskFill> {
  const stats = await statfs(path);
  const usedBlocks = stats.blocks - stats.bfree;
  const usableBlocks = usedBlocks + stats.bavail;
  const usedInodes = stats.files - stats.ffree;
  return {
    capacityBytes: usableBlocks * stats.bsize,
    freeBytes: stats.bavail * stats.bsize,
    // File systems without a table of inodes say 0 of 0.
    fraction: Math.max(usedBlocks / Math.max(1, usableBlocks), usedInodes / Math.max(1, stats.files)),
  };
}

export type FillLevel = 'roomy' | 'warning' | 'full';

/**
 * The level after a measurement. It turns full at the upper watermark or when a write found no room, and goes back
 * only below the lower one, so that it does not flap.
 */
export function nextFillLevel(level: FillLevel, fraction: number, limits: VolumeLimits): FillLevel {
  if (fraction >= limits.readOnlyFillFraction) return 'full';
  if (level === 'full' && fraction >= limits.backFillFraction) return 'full';
  return fraction >= limits.warnFillFraction ? 'warning' : 'roomy';
}
