import type { DiskCondition } from './disk-condition.js';
import type { Segment } from './segment.js';
import { nameSegment, type SegmentPool, type Spare } from './segment-pool.js';
import type { VolumeLimits } from './volume-limits.js';

interface NextSegmentParts {
  limits: VolumeLimits;
  pool: SegmentPool;
  condition: DiskCondition;
}

/** The segment that the log will go on in, made ready while there is still room in the one before. */
export class NextSegment {
  readonly #parts: NextSegmentParts;
  #ready: Promise<Segment | null> | null = null;

  constructor(parts: NextSegmentParts) {
    this.#parts = parts;
  }

  /** Call after each batch: names the next segment early, so that nobody waits for it. */
  prepareAfter(active: Segment): void {
    if (this.#ready !== null || active.endBytes < active.fileBytes / 4) return;
    this.#ready = this.#prepare().catch((error: unknown) => {
      this.#parts.condition.failed(error);
      return null;
    });
  }

  /** Resolves when the segment, if it was asked for, is ready. */
  async whenReady(): Promise<void> {
    await this.#ready;
  }

  /** The segment to go on in, or null when the disk is full. */
  async take(): Promise<Segment | null> {
    const ready = await this.#ready;
    this.#ready = null;
    if (ready !== null) return ready;
    const { pool, limits } = this.#parts;
    const spare = pool.takeReady() ?? (await pool.make(limits.urgentSegmentSizeBytes));
    return spare === null ? null : this.activate(spare);
  }

  /** Makes the log's next segment of this file. */
  async activate(spare: Spare): Promise<Segment> {
    const segment = await this.#parts.pool.activate(spare, 'log');
    await nameSegment(segment);
    return segment;
  }

  /** Lets go of what was made ready; it is empty, and the next start takes it away. */
  async release(): Promise<void> {
    (await this.#ready)?.closeIfIdle();
  }

  async #prepare(): Promise<Segment | null> {
    const { pool, limits } = this.#parts;
    const spare = pool.takeReady() ?? (await pool.make(limits.segmentSizeBytes));
    if (spare === null) return null;
    const segment = await this.activate(spare);
    pool.fill(1);
    return segment;
  }
}
