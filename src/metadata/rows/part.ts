import type { ChecksumAlgorithm } from '../../model/object.js';
import { statement } from '../tx.js';

export interface PartChecksum {
  algorithm: ChecksumAlgorithm;
  value: string; // base64
}

export interface PartRow {
  number: number;
  owner: number;
  size: number;
  etag: string;
  checksum: string | null;
  modified_ms: number;
}

export const partByNumber = statement<[upload: number, number: number], PartRow>('SELECT * FROM part WHERE upload = ? AND number = ?');
export const partPage = statement<[upload: number, afterNumber: number, limit: number], PartRow>(
  'SELECT * FROM part WHERE upload = ? AND number > ? ORDER BY number LIMIT ? + 0',
);
export const upsertPart = statement<
  [upload: number, number: number, owner: number, size: number, etag: string, checksum: string | null, modifiedMs: number]
>(
  `INSERT INTO part (upload, number, owner, size, etag, checksum, modified_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
   ON CONFLICT (upload, number) DO UPDATE SET owner = excluded.owner, size = excluded.size, etag = excluded.etag,
     checksum = excluded.checksum, modified_ms = excluded.modified_ms`,
);
/** The slices of the parts of a JSON list [owner, part, offset], put together for one owner. */
export const joinPartSlices = statement<[toOwner: number, partsJson: string]>(
  `INSERT INTO slice (owner, offset, part, body, skip, length)
   SELECT ?, s.offset + (p.value ->> 2), p.value ->> 1, s.body, s.skip, s.length
   FROM json_each(?) AS p JOIN slice s ON s.owner = p.value ->> 0`,
);
export const deleteSlicesOfOwners = statement<[ownersJson: string]>('DELETE FROM slice WHERE owner IN (SELECT value FROM json_each(?))');
export const deletePartsByNumber = statement<[upload: number, numbersJson: string]>(
  'DELETE FROM part WHERE upload = ? AND number IN (SELECT value FROM json_each(?))',
);
export const deleteParts = statement<[upload: number]>('DELETE FROM part WHERE upload = ?');
