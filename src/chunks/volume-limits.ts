const KiB = 1024;
const MiB = 1024 * KiB;

/** Sizes, counts and watermarks of one volume. */
export interface VolumeLimits {
  /** Size of a segment file; less on small volumes, see `segmentsPerVolumeMin`. */
  segmentSizeBytes: number;
  /** Segments are made so small that a volume holds at least so many. */
  segmentsPerVolumeMin: number;
  /** What is written ahead when a segment is needed at once; small, so that nobody waits long for its zeros. */
  urgentSegmentSizeBytes: number;
  /** Segments that only deletes, compaction and the volume's own small files may use when the disk is full. */
  reserveSegments: number;
  reserveSegmentSizeBytes: number;
  /** Released segments kept to be written again, so that their blocks need no zeros; fewer on small volumes, see `spareFractionMax`. */
  sparesMax: number;
  /** One `writev` of the log carries at most so many bytes … */
  batchBytesMax: number;
  /** … and so many records. */
  batchRecordsMax: number;
  /**
   * Pieces of chunks up to this size are copied together for it; larger ones are handed over as they are. Two buffers
   * for each of those that a batch may hold must stay below the system's limit of 1024 for one call.
   */
  copiedPayloadBytesMax: number;
  /** Records waiting for the log; more are refused (slow-down). */
  queuedBytesMax: number;
  /** Extents being written at one time; more are refused (slow-down). */
  extentWritersMax: number;
  /** An extent is written in pieces of about this size. */
  extentGatherBytes: number;
  /** Extents are read in pieces of this size, a number of whole blocks; so many buffers for them are kept. */
  extentReadBytes: number;
  extentReadBuffersMax: number;
  /** File syncs running at one time, so that they leave threads for everything else. */
  extentSyncsMax: number;
  /** Descriptors kept open for reading segments. */
  openSegmentsMax: number;
  /** Shares of the disk (bytes or inodes) at which it warns, takes no more chunks, and takes them again. */
  warnFillFraction: number;
  readOnlyFillFraction: number;
  backFillFraction: number;
  fillCheckMs: number;
  /** Compaction goes on while less than this share of the sealed segments is live. */
  compactionLiveFraction: number;
  /** More sealed segments than this below a quarter of the full size are merged. */
  smallSegmentsMax: number;
  /** Digest lists (one a segment of the log) that are kept to prove what the volume once said. */
  digestFilesMax: number;
}

export const volumeDefaults: Readonly<VolumeLimits> = {
  segmentSizeBytes: 64 * MiB,
  segmentsPerVolumeMin: 64,
  urgentSegmentSizeBytes: 4 * MiB,
  reserveSegments: 3,
  reserveSegmentSizeBytes: 16 * MiB,
  sparesMax: 8,
  batchBytesMax: 2 * MiB,
  batchRecordsMax: 500,
  copiedPayloadBytesMax: 16 * KiB,
  queuedBytesMax: 64 * MiB,
  extentWritersMax: 1024,
  extentGatherBytes: MiB,
  extentReadBytes: 512 * KiB,
  extentReadBuffersMax: 16,
  extentSyncsMax: 4,
  openSegmentsMax: 512,
  warnFillFraction: 0.85,
  readOnlyFillFraction: 0.9,
  backFillFraction: 0.85,
  fillCheckMs: 5000,
  compactionLiveFraction: 0.85,
  smallSegmentsMax: 16,
  digestFilesMax: 64,
};

/** The smallest segment that takes the largest record several times. */
const segmentSizeBytesMin = MiB;
/** Spares hold at most this share of the disk, but for the one that is always kept. */
const spareFractionMax = 1 / 128;

/** The limits that fit a disk of this size: a small one gets small segments and a small reserve. */
export function limitsForCapacity(limits: VolumeLimits, capacityBytes: number): VolumeLimits {
  const fitting = Math.max(segmentSizeBytesMin, 2 ** Math.floor(Math.log2(Math.max(1, capacityBytes / limits.segmentsPerVolumeMin))));
  const smaller = (bytes: number): number => Math.min(bytes, fitting);
  const segmentSizeBytes = smaller(limits.segmentSizeBytes);
  return {
    ...limits,
    segmentSizeBytes,
    urgentSegmentSizeBytes: smaller(Math.min(limits.urgentSegmentSizeBytes, limits.segmentSizeBytes)),
    reserveSegmentSizeBytes: smaller(Math.min(limits.reserveSegmentSizeBytes, limits.segmentSizeBytes)),
    sparesMax: Math.max(1, Math.min(limits.sparesMax, Math.floor((capacityBytes * spareFractionMax) / segmentSizeBytes))),
  };
}
