import { statement } from '../tx.js';

/** Bytes of a body at an offset of their owner. */
export const insertSlice = statement<[owner: number, offset: number, part: number, body: number, skip: number, length: number]>(
  'INSERT INTO slice (owner, offset, part, body, skip, length) VALUES (?, ?, ?, ?, ?, ?)',
);

export interface ManifestSliceRow {
  offset: number;
  skip: number;
  length: number;
  chunks: string; // of its body, see packChunks
  /** Of the chunk where the body has one, as nearly all have: else they are null and empty. */
  crc32c: number | null;
  nodes: string; // see packNodes
}

/** Slices from the one that holds an offset on. */
export const slicesFrom = statement<[owner: number, ofOwner: number, offset: number, limit: number], ManifestSliceRow>(
  `SELECT s.offset, s.skip, s.length, lower(hex(b.chunks)) AS chunks, c.crc32c, hex(c.nodes) AS nodes
   FROM slice s JOIN body b ON b.number = s.body
   LEFT JOIN chunk c ON length(b.chunks) = 24 AND c.id = substr(b.chunks, 1, 16)
   WHERE s.owner = ? AND s.offset >= coalesce((SELECT max(offset) FROM slice WHERE owner = ? AND offset <= ?), 0)
   ORDER BY s.offset LIMIT ? + 0`,
);
export const partRange = statement<[owner: number, part: number], { begins: number | null; ends: number | null }>(
  'SELECT min(offset) AS begins, max(offset + length) AS ends FROM slice WHERE owner = ? AND part = ? AND part > 0',
);
/** All slices of an owner, once more, for another owner. */
export const copySlices = statement<[toOwner: number, fromOwner: number]>(
  `INSERT INTO slice (owner, offset, part, body, skip, length)
   SELECT ?, offset, part, body, skip, length FROM slice WHERE owner = ?`,
);
/** The slices of bytes [begin, end) of an owner, moved to offset 0 of another. */
export const copySliceRange = statement<[rangeJson: string]>(
  `WITH asked AS (
     SELECT value ->> 0 AS target, value ->> 1 AS source, value ->> 2 AS begins, value ->> 3 AS ends FROM json_each(?)
   )
   INSERT INTO slice (owner, offset, part, body, skip, length)
   SELECT target, max(offset - begins, 0), 0, body, skip + max(begins - offset, 0),
     min(offset + length, ends) - max(offset, begins)
   FROM asked JOIN slice ON owner = source AND offset < ends
     AND offset >= coalesce((SELECT max(offset) FROM slice WHERE owner = source AND offset <= begins), 0)
   WHERE offset + length > begins`,
);
