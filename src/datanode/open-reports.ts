import { mkdir, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../base/atomic-file.js';
import { parseUuidV4 } from '../base/uuid.js';
import { Refusal } from '../model/refusal.js';

const folderName = 'reports';
/** Objects that may stand on this volume without the master knowing; more than that and uploads are refused. */
const openReportsMax = 10_000;

export interface OpenReportsOptions {
  /** Of the volume. */
  path: string;
  /** Whether the volume holds this chunk. */
  has: (id: string) => boolean;
  /** A marker could not be made durable for another reason than a full disk. */
  onFault: (reason: Error) => void;
}

/**
 * Which objects were stored through REST without anybody having been told 201, because the master could not be asked.
 * Until then an equal upload goes on with the report; afterwards it is a conflict. One empty marker file an object,
 * durable before the chunk is, so that a crash in between is not taken for a 201. Removing it is not synced: a power
 * cut may bring it back, and then an equal upload is told 201 once more, which harms nobody.
 */
export class OpenReports {
  readonly #options: OpenReportsOptions;
  readonly #path: string;
  readonly #open = new Map<string, OpenReport>();
  /** Markers are made and removed one after the other, in the order of the decisions. */
  #files: Promise<unknown> = Promise.resolve();

  private constructor(options: OpenReportsOptions) {
    this.#options = options;
    this.#path = join(options.path, folderName);
  }

  static async load(options: OpenReportsOptions): Promise<OpenReports> {
    const reports = new OpenReports(options);
    await mkdir(reports.#path, { recursive: true, mode: 0o700 });
    await syncFolder(options.path);
    for (const name of await readdir(reports.#path)) {
      const id = parseUuidV4(name);
      if (id !== null && options.has(id)) reports.#open.set(id, new OpenReport(Promise.resolve()));
      else await unlink(join(reports.#path, name));
    }
    return reports;
  }

  has(id: string): boolean {
    return this.#open.has(id);
  }

  /**
   * The report of an object that is about to be stored, or was stored without a 201. Ask the volume in the same turn:
   * from then on all uploads of the id share this report. Every hold is followed by `release`.
   */
  hold(id: string): OpenReport {
    let report = this.#open.get(id);
    if (!report) {
      if (this.#open.size >= openReportsMax) throw new Refusal('master-away', 'Too many uploads wait for the master to be told of them.');
      report = new OpenReport(this.#inOrder(() => this.#mark(id)));
      this.#open.set(id, report);
    }
    report.holders += 1;
    return report;
  }

  /** The upload has ended. The marker goes when the 201 was earned, or nothing was stored. */
  release(id: string, report: OpenReport): void {
    report.holders -= 1;
    if (this.#open.get(id) === report && (report.earned || (report.holders === 0 && !this.#options.has(id)))) this.forget(id);
  }

  /** There is nothing left to report: the object is deleted. */
  forget(id: string): void {
    if (this.#open.delete(id)) void this.#inOrder(() => unlink(join(this.#path, id))).catch(() => undefined);
  }

  #inOrder(step: () => Promise<void>): Promise<void> {
    const done = this.#files.then(step);
    this.#files = done.catch(() => undefined);
    return done;
  }

  async #mark(id: string): Promise<void> {
    try {
      const handle = await open(join(this.#path, id), 'w', 0o600);
      await handle.close();
      await syncFolder(this.#path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EROFS') throw new Refusal('storage-full');
      this.#options.onFault(error as Error);
      throw error;
    }
  }
}

/** One object id between its first upload and the first 201 for it. */
export class OpenReport {
  /** Uploads that are under way. */
  holders = 0;
  earned = false;
  /** Resolves when the marker is durable. */
  readonly marked: Promise<void>;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(marked: Promise<void>) {
    this.marked = marked;
    marked.catch(() => undefined); // whoever stores the chunk awaits it
  }

  /**
   * Runs `tell`, one caller at a time, unless somebody has earned the 201 meanwhile; answers whether this caller earned
   * it. When `tell` fails the report stays open.
   */
  earn(tell: () => Promise<void>): Promise<boolean> {
    const turn = this.#turn.then(async () => {
      if (this.earned) return false;
      await tell();
      this.earned = true;
      return true;
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
