import { lockFile } from '../base/file-lock.js';
import type { ChunkIndex } from './chunk-index.js';
import { ChunkLog } from './chunk-log.js';
import { DigestHistory } from './digest-history.js';
import { DiskCondition } from './disk-condition.js';
import { isFullError } from './disk-error.js';
import { measureFill } from './disk-fill.js';
import { recoverExtents } from './extent-recovery.js';
import type { LogRequest } from './log-record.js';
import { readQuarantine, writeQuarantine } from './quarantine.js';
import { recoverLog } from './recovery.js';
import type { Segment } from './segment.js';
import { freeReserveFile, nameSegment, SegmentPool } from './segment-pool.js';
import { SegmentSettler } from './segment-settler.js';
import { SegmentTable } from './segment-table.js';
import { readFormat, readState, volumePaths, VolumeRefused, writeState, type VolumeFormat, type VolumeState } from './volume-identity.js';
import { limitsForCapacity, type VolumeLimits } from './volume-limits.js';
import { VolumeRecords } from './volume-records.js';
import type { VolumeOptions, VolumeParts } from './volume.js';

/** All that a volume is made of, ready to take chunks. */
export interface OpenedVolume {
  limits: VolumeLimits;
  lock: { release: () => void };
  condition: DiskCondition;
  records: VolumeRecords;
  index: ChunkIndex;
  table: SegmentTable;
  pool: SegmentPool;
  settler: SegmentSettler;
  log: ChunkLog;
  /** Records to write for extents that lost theirs. */
  adoptions: LogRequest[];
}

/**
 * Opens a volume, in this order: who is it (format), is it ours alone (lock), a boot number that was never there
 * before (durable, as segments are numbered by it), the log, the extents, a new segment to write to.
 */
export async function openVolumeParts(options: VolumeOptions, parts: VolumeParts): Promise<OpenedVolume> {
  const paths = volumePaths(options.path);
  const format = await readFormat(options.path);
  const lock = lockFile(paths.lock, 'the other datanode on this volume');
  try {
    const before = await readState(options.path);
    const state: VolumeState = { ...before, boot: before.boot + 1, clean: false };
    await raiseBoot(options.path, state);
    return { lock, ...(await recover(options, parts, { format, state, stoppedCleanly: before.clean })) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function recover(
  options: VolumeOptions,
  parts: VolumeParts,
  found: { format: VolumeFormat; state: VolumeState; stoppedCleanly: boolean },
): Promise<Omit<OpenedVolume, 'lock'>> {
  const { path } = options;
  const paths = volumePaths(path);
  const { nodeId, recordSeed: seed } = found.format;
  const fill = await measureFill(path);
  const limits = limitsForCapacity(options.limits, fill.capacityBytes);
  const table = new SegmentTable({ boot: found.state.boot, openSegmentsMax: limits.openSegmentsMax });
  const history = await DigestHistory.open(paths.segments, limits.digestFilesMax);

  let quarantine = await readQuarantine(paths.quarantine);
  const recovered = await recoverLog({
    segmentsPath: paths.segments,
    nodeId,
    seed,
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
  const { index } = recovered;
  const logIsDamaged = quarantine !== null;
  const adoptions = found.stoppedCleanly
    ? []
    : await recoverExtents({ extentsPath: paths.extents, seed, index, table, logIsDamaged, log: parts.log });

  const condition = new DiskCondition({ path, quarantinePath: paths.quarantine, limits, onFault: options.onFault }, parts, {
    fill,
    quarantine,
  });
  const pool = await SegmentPool.open({ folder: paths.segments, nodeId, limits, table, condition });
  const records = new VolumeRecords(path, found, { pool, condition });
  const settler = new SegmentSettler({ history, pool, condition });
  const log = new ChunkLog(
    {
      limits,
      pool,
      table,
      seed,
      condition,
      clusterId: () => records.format.clusterId,
      onSealed: (segment, hint, ends) => settler.begin(segment, hint, ends),
    },
    { active: await firstSegment(path, pool, limits), sequence: recovered.sequence, digest: recovered.digest },
  );
  table.add(log.active);
  return { limits, condition, records, index, table, pool, settler, log, adoptions };
}

/** Every run writes to a segment of its own, with a number that was never used. */
async function firstSegment(path: string, pool: SegmentPool, limits: VolumeLimits): Promise<Segment> {
  const spare = pool.takeReady() ?? (await pool.make(limits.urgentSegmentSizeBytes)) ?? pool.takeReserve();
  if (spare === null) throw new VolumeRefused(`${path} has no room for a segment of the log: free space on its disk`);
  const segment = await pool.activate(spare, 'log');
  await nameSegment(segment);
  return segment;
}

async function raiseBoot(path: string, state: VolumeState): Promise<void> {
  try {
    await writeState(path, state);
  } catch (error) {
    if (!isFullError(error) || !(await freeReserveFile(volumePaths(path).segments))) throw error;
    await writeState(path, state);
  }
}
