import { cp, readdir, readFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { decodeHeader, recordBytes, type DecodedRecord } from '../chunks/record.js';
import { segmentHeadBytes } from '../chunks/segment.js';

/** Copies the folder of a volume as it is: what a stop without any warning would leave. */
export async function crashImage(path: string, target: string): Promise<string> {
  await cp(path, target, { recursive: true, mode: constants.COPYFILE_FICLONE });
  return target;
}

export interface FoundInSegment {
  record: DecodedRecord;
  offset: number;
  endBytes: number;
}

/** The records from the beginning of a segment file on, as far as they are whole, and the seal if there is one. */
export async function recordsOfSegment(volumePath: string, name: string): Promise<FoundInSegment[]> {
  const format = JSON.parse(await readFile(join(volumePath, 'format.json'), 'utf8')) as { recordSeed: number };
  const bytes = await readFile(join(volumePath, 'segments', name));
  const found: FoundInSegment[] = [];
  for (let offset = segmentHeadBytes; ;) {
    const record = decodeHeader(bytes, offset, format.recordSeed);
    if (record === null || record.epoch !== Number.parseInt(name, 16)) return found;
    const endBytes = offset + recordBytes(record);
    found.push({ record, offset, endBytes });
    offset = endBytes;
  }
}

/** Segment files of a volume, the oldest first. */
export async function segmentNames(volumePath: string): Promise<string[]> {
  return (await readdir(join(volumePath, 'segments'))).filter((name) => name.endsWith('.seg')).sort();
}
