import { must } from '../base/must.js';
import type { Segment } from './segment.js';

/** The segments that are on disk, by the handle that the index knows them by, with a bound on open descriptors. */
export class SegmentTable {
  readonly #segments = new Map<number, Segment>();
  /** Segments whose descriptor may be open, the least recently used first. */
  readonly #used = new Set<Segment>();
  readonly #openMax: number;
  readonly #numberBase: number;
  /** How often a segment was released: what a tombstone kills may be gone since the last look. */
  releases = 0;
  #lastHandle = 0;
  #lastCounter = 0;

  constructor(options: { boot: number; openSegmentsMax: number }) {
    this.#openMax = options.openSegmentsMax;
    this.#numberBase = options.boot * 2 ** 24;
  }

  /** A number that no segment of this volume ever had: the boot number in front, so stale bytes never match it. */
  nextNumber(): number {
    this.#lastCounter += 1;
    return this.#numberBase + this.#lastCounter;
  }

  nextHandle(): number {
    this.#lastHandle += 1;
    return this.#lastHandle;
  }

  add(segment: Segment): void {
    this.#segments.set(segment.handle, segment);
    if (segment.isOpen) this.#used.add(segment);
  }

  remove(segment: Segment): void {
    this.#segments.delete(segment.handle);
    segment.closeIfIdle();
    this.#used.delete(segment);
  }

  /** Compaction has copied what lived in it. */
  release(segment: Segment): void {
    this.remove(segment);
    this.releases += 1;
  }

  /** The segment, or null when compaction has released it since the index was asked. */
  find(handle: number): Segment | null {
    return this.#segments.get(handle) ?? null;
  }

  get(handle: number): Segment {
    return must(this.#segments.get(handle), 'a segment that the index points at');
  }

  all(): Segment[] {
    return [...this.#segments.values()];
  }

  /** Pins for reading. The caller unpins. */
  async pin(segment: Segment): Promise<number> {
    this.#used.delete(segment);
    this.#used.add(segment);
    const fd = await segment.pin();
    if (this.#used.size > this.#openMax) this.#closeOldest();
    return fd;
  }

  closeAll(): void {
    for (const segment of this.#segments.values()) segment.closeIfIdle();
    this.#used.clear();
  }

  #closeOldest(): void {
    for (const segment of this.#used) {
      if (this.#used.size <= this.#openMax) return;
      if (segment.isPinned) continue;
      segment.closeIfIdle();
      this.#used.delete(segment);
    }
  }
}
