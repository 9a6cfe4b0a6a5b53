import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../base/log.js';
import type { ChunkIndex } from './chunk-index.js';
import { readRecord } from './chunk-reader.js';
import { extentFolderCount, extentFolderName, parseExtentFileName, readExtentSelf } from './extent-file.js';
import type { LogRequest } from './log-record.js';
import type { SegmentTable } from './segment-table.js';

interface ExtentRecoveryParts {
  extentsPath: string;
  seed: number;
  index: ChunkIndex;
  table: SegmentTable;
  /** The log lost records, now or before: a file without one may be a chunk that was acknowledged. */
  logIsDamaged: boolean;
  log: Log;
}

/**
 * Goes through the files of extents after an unclean stop. One that no record names was never acknowledged and goes;
 * unless the log lost records: then it is kept, and adopted by what it says of itself. Answers the records to write
 * for those.
 */
export async function recoverExtents(parts: ExtentRecoveryParts): Promise<LogRequest[]> {
  const adopted: LogRequest[] = [];
  for (let number = 0; number < extentFolderCount; number += 1) {
    const folder = join(parts.extentsPath, extentFolderName(number));
    const names = await readdir(folder);
    const idCounts = new Map<string, number>();
    for (const name of names) {
      const id = parseExtentFileName(name)?.id;
      if (id !== undefined) idCounts.set(id, (idCounts.get(id) ?? 0) + 1);
    }
    for (const name of names) {
      const file = parseExtentFileName(name);
      if (file === null) continue;
      const isOnly = idCounts.get(file.id) === 1;
      if (await isNamed(parts, file, isOnly)) continue;
      const path = join(folder, name);
      const request = parts.logIsDamaged && parts.index.find(file.id) === null ? await adoption(path, file, parts.seed) : null;
      if (request !== null) adopted.push(request);
      else if (!parts.logIsDamaged) await unlink(path);
      parts.log.info({ chunk: file.id, adopted: request !== null }, 'extent without a record');
    }
  }
  return adopted;
}

async function isNamed(parts: ExtentRecoveryParts, file: { id: string; attempt: number }, isOnly: boolean): Promise<boolean> {
  const entry = parts.index.find(file.id);
  if (entry === null || !entry.extent) return false;
  // The usual case needs no look at the record: the only file of a chunk that has a record is the one it names.
  if (isOnly) return true;
  const found = await readRecord(parts.table, file.id, entry, { seed: parts.seed, headerOnly: true }).catch(() => null);
  return found === null || found.record.attempt === file.attempt;
}

async function adoption(path: string, file: { id: string; attempt: number }, seed: number): Promise<LogRequest | null> {
  const self = await readExtentSelf(path, seed).catch(() => null);
  if (self === null || self.head.id !== file.id || self.head.attempt !== file.attempt) return null;
  const { kind, id, generation, attempt, origin } = self.head;
  const { lengthBytes, crc32c } = self.footer;
  return { type: 'extent', kind, id, payload: [], lengthBytes, killedSequence: 0, crc32c, generation, attempt, origin };
}
