import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { Refusal } from '../model/refusal.js';
import { isFullError } from './disk-error.js';
import { measureFill, nextFillLevel, type DiskFill, type FillLevel } from './disk-fill.js';
import { removeQuarantine, writeQuarantine, type QuarantineMarker } from './quarantine.js';
import type { VolumeLimits } from './volume-limits.js';

interface ConditionOptions {
  path: string;
  quarantinePath: string;
  limits: VolumeLimits;
  /** Told once, when a write or sync failed. */
  onFault: (error: Error) => void;
}

/** Whether the disk is trusted and whether it has room: every part of a volume reports here and asks here. */
export class DiskCondition {
  readonly #options: ConditionOptions;
  readonly #parts: { clock: Clock; log: Log };
  #quarantine: QuarantineMarker | null;
  #fill: DiskFill;
  #level: FillLevel = 'roomy';
  #fault: Error | null = null;
  #closing = false;
  readonly #whenFaulted: ((error: Error) => void)[] = [];
  readonly #whenRoomy: (() => void)[] = [];

  constructor(
    options: ConditionOptions,
    parts: { clock: Clock; log: Log },
    found: { fill: DiskFill; quarantine: QuarantineMarker | null },
  ) {
    this.#options = options;
    this.#parts = parts;
    this.#fill = found.fill;
    this.#quarantine = found.quarantine;
  }

  get value(): 'open' | 'read-only' | 'quarantined' {
    if (this.#fault !== null || this.#quarantine !== null) return 'quarantined';
    return this.#level === 'full' ? 'read-only' : 'open';
  }

  get fill(): DiskFill {
    return this.#fill;
  }

  get fault(): Error | null {
    return this.#fault;
  }

  get quarantineReason(): string | null {
    return this.#fault?.message ?? this.#quarantine?.reason ?? null;
  }

  /** From now on nothing new is begun. */
  close(): void {
    this.#closing = true;
  }

  whenFaulted(listener: (error: Error) => void): void {
    this.#whenFaulted.push(listener);
  }

  /** Called after each measurement that found room. */
  whenRoomy(listener: () => void): void {
    this.#whenRoomy.push(listener);
  }

  /** Refuses what would add to a volume that is closed or not trusted. */
  checkTrusted(): void {
    if (this.#closing || this.value === 'quarantined') throw new Refusal('node-closed');
  }

  /** Refuses what would need room. */
  checkRoom(): void {
    if (this.#level === 'full') throw new Refusal('storage-full');
  }

  /** Refuses what changes anything on a disk that failed; a quarantined one of an earlier run still takes deletes. */
  checkWritable(): void {
    if (this.#closing || this.#fault !== null) throw new Refusal('node-closed');
  }

  /** Throws the fault, if there is one. */
  checkFaultless(): void {
    if (this.#fault !== null) throw this.#fault;
  }

  /** A write found no room. */
  full(): void {
    if (this.#level !== 'full') this.#parts.log.warn('the disk is full: the volume is read-only');
    this.#level = 'full';
  }

  /**
   * The error law: a failed write or sync is never tried again, for the kernel may have dropped what it could not
   * write. No acknowledgement, no more writes, a mark on the disk as far as it still takes one. Answers the first fault.
   */
  failed(error: unknown): Error {
    if (this.#fault !== null) return this.#fault;
    const fault = error instanceof Error ? error : new Error(String(error));
    this.#fault = fault;
    for (const listener of this.#whenFaulted) listener(fault);
    this.#parts.log.fatal({ err: fault }, 'the disk failed: the volume takes nothing any more');
    void this.#mark({ reason: `write or sync failed: ${fault.message}`, sinceMs: this.#parts.clock.wallMs() });
    this.#options.onFault(fault);
    return fault;
  }

  /** Takes an error of a write for what it is: no room, which passes, or a fault, which does not. */
  writeFailed(error: unknown): Error {
    if (error instanceof Refusal) return error;
    if (!isFullError(error)) return this.failed(error);
    this.full();
    return new Refusal('storage-full');
  }

  /** A fault is, to whoever asked for something, a node that takes nothing. */
  async outward<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.outwardError(error);
    }
  }

  /** What stands for this error outside the volume. */
  outwardError(error: unknown): unknown {
    return error === this.#fault ? new Refusal('node-closed', 'the disk of this node failed') : error;
  }

  /** Measures the disk anew. */
  async measure(): Promise<void> {
    this.#fill = await measureFill(this.#options.path);
    const level = nextFillLevel(this.#level, this.#fill.fraction, this.#options.limits);
    if (level !== this.#level) {
      this.#parts.log.warn({ from: this.#level, to: level, fraction: this.#fill.fraction }, 'the fill level of the disk changed');
    }
    this.#level = level;
    if (level !== 'full') for (const listener of this.#whenRoomy) listener();
  }

  /** A person trusts the disk again. Refused after a fault in this run: what the kernel dropped only a new start sees. */
  async clearQuarantine(): Promise<void> {
    if (this.#fault !== null) throw new Refusal('node-closed', 'the disk failed since the last start: start the datanode again first');
    await removeQuarantine(this.#options.quarantinePath);
    this.#quarantine = null;
  }

  async #mark(marker: QuarantineMarker): Promise<void> {
    try {
      await writeQuarantine(this.#options.quarantinePath, marker);
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'the quarantine marker could not be written');
    }
  }
}
