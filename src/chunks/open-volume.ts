import type { ChunkIndex } from './chunk-index.js';
import { ChunkLog, type LogRequest } from './chunk-log.js';
import { DigestHistory, type BatchEnds } from './digest-history.js';
import { isFullError } from './disk-error.js';
import { measureFill, type DiskFill } from './disk-fill.js';
import { recoverExtents } from './extent-recovery.js';
import type { Hint } from './hint-file.js';
import { readQuarantine, writeQuarantine, type QuarantineMarker } from './quarantine.js';
import { recoverLog } from './recovery.js';
import type { Segment } from './segment.js';
import { freeReserveFile, nameSegment, SegmentPool } from './segment-pool.js';
import { SegmentTable } from './segment-table.js';
import { readFormat, readState, volumePaths, VolumeRefused, writeState, type VolumeFormat, type VolumeState } from './volume-identity.js';
import { limitsForCapacity, type VolumeLimits } from './volume-limits.js';
import { lockVolume } from './volume-lock.js';
import type { VolumeOptions, VolumeParts } from './volume.js';

/** All that a volume is made of, ready to take chunks. */
export interface OpenedVolume {
  limits: VolumeLimits;
  lock: { release: () => void };
  format: VolumeFormat;
  state: VolumeState;
  quarantine: QuarantineMarker | null;
  fill: DiskFill;
  index: ChunkIndex;
  table: SegmentTable;
  pool: SegmentPool;
  history: DigestHistory;
  log: ChunkLog;
  /** Records to write for extents that lost theirs. */
  adoptions: LogRequest[];
}

export interface VolumeEvents {
  onFault: (error: Error) => void;
  onFull: () => void;
  onSealed: (segment: Segment, hint: Hint, ends: BatchEnds) => void;
  clusterId: () => string | null;
}

/**
 * Opens a volume, in this order: who is it (format), is it ours alone (lock), a boot number that was never there
 * before (durable, as segments are numbered by it), the log, the extents, a new segment to write to.
 */
export async function openParts(options: VolumeOptions, parts: VolumeParts, events: VolumeEvents): Promise<OpenedVolume> {
  const { path } = options;
  const paths = volumePaths(path);
  const format = await readFormat(path);
  const lock = lockVolume(paths.lock);
  try {
    const before = await readState(path);
    const state: VolumeState = { ...before, boot: before.boot + 1, clean: false };
    await raiseBoot(path, state);
    const fill = await measureFill(path);
    const limits = limitsForCapacity(options.limits, fill.capacityBytes);
    const table = new SegmentTable({ boot: state.boot, openSegmentsMax: limits.openSegmentsMax });
    const history = await DigestHistory.open(paths.segments, limits.digestFilesMax);
    const pool = await SegmentPool.open({ folder: paths.segments, nodeId: format.nodeId, limits, table, onFault: events.onFault });
    let quarantine = await readQuarantine(paths.quarantine);
    const recovered = await recoverLog({
      segmentsPath: paths.segments,
      nodeId: format.nodeId,
      seed: format.recordSeed,
      table,
      history,
      random: parts.random,
      log: parts.log,
      quarantine: async (reason) => {
        parts.log.error({ reason }, 'the log is damaged: the volume is quarantined');
        quarantine ??= { reason, sinceMs: parts.clock.wallMs() };
        await writeQuarantine(paths.quarantine, quarantine);
      },
    });
    const adoptions = before.clean
      ? []
      : await recoverExtents({
          extentsPath: paths.extents,
          seed: format.recordSeed,
          index: recovered.index,
          table,
          logIsDamaged: quarantine !== null,
          log: parts.log,
        });
    const spare = pool.takeReady() ?? (await pool.make(limits.urgentSegmentSizeBytes)) ?? pool.takeReserve();
    if (spare === null) throw new VolumeRefused(`${path} has no room for a segment of the log: free space on its disk`);
    const active = await pool.activate(spare, 'log');
    await nameSegment(active);
    table.add(active);
    const log = new ChunkLog(
      {
        limits,
        pool,
        table,
        seed: format.recordSeed,
        clusterId: events.clusterId,
        onFault: events.onFault,
        onFull: events.onFull,
        onSealed: events.onSealed,
      },
      { active, sequence: recovered.sequence, digest: recovered.digest },
    );
    return { limits, lock, format, state, quarantine, fill, index: recovered.index, table, pool, history, log, adoptions };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function raiseBoot(path: string, state: VolumeState): Promise<void> {
  try {
    await writeState(path, state);
  } catch (error) {
    if (!isFullError(error) || !(await freeReserveFile(volumePaths(path).segments))) throw error;
    await writeState(path, state);
  }
}
