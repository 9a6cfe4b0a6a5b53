import { statement } from '../tx.js';

export interface GarbageRow {
  queued_ms: number;
  owner: number;
  slices: number;
}

export interface GarbageSliceRow {
  owner: number;
  offset: number;
  body: number;
  chunks: number; // of the body
}

/** The owners of a JSON list. */
export const queueGarbage = statement<[queuedMs: number, ownersJson: string]>(
  `INSERT INTO garbage (queued_ms, owner, slices)
   SELECT ?, named.value, (SELECT count(*) FROM slice WHERE slice.owner = named.value) FROM json_each(?) AS named`,
);
export const queuePartsAsGarbage = statement<[queuedMs: number, upload: number]>(
  `INSERT INTO garbage (queued_ms, owner, slices)
   SELECT ?, owner, (SELECT count(*) FROM slice WHERE slice.owner = part.owner) FROM part WHERE upload = ?`,
);
export const dueGarbage = statement<[queuedBeforeMs: number, limit: number], GarbageRow>(
  'SELECT queued_ms, owner, slices FROM garbage WHERE queued_ms <= ? ORDER BY queued_ms, owner LIMIT ? + 0',
);
/** The first slices of owners, with the number of chunks of their bodies. */
export const slicesOfOwners = statement<[ownersJson: string, limit: number], GarbageSliceRow>(
  `SELECT s.owner, s.offset, s.body, length(b.chunks) / 24 AS chunks
   FROM json_each(?) AS named JOIN slice s ON s.owner = named.value JOIN body b ON b.number = s.body
   ORDER BY s.owner, s.offset LIMIT ? + 0`,
);
/** The first slices of one owner: no sorting, however many it has. */
export const slicesOfOwner = statement<[owner: number, limit: number], GarbageSliceRow>(
  `SELECT s.owner, s.offset, s.body, length(b.chunks) / 24 AS chunks
   FROM slice s JOIN body b ON b.number = s.body WHERE s.owner = ? ORDER BY s.offset LIMIT ? + 0`,
);
/** JSON rows of [owner, offset]. */
export const deleteSlicesAt = statement<[rowsJson: string]>(
  'DELETE FROM slice WHERE (owner, offset) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))',
);
/** JSON rows of [body, times]. */
export const lowerBodies = statement<[rowsJson: string]>(
  'UPDATE body SET refs = refs - (named.value ->> 1) FROM json_each(?) AS named WHERE body.number = named.value ->> 0',
);
export const unreferencedBodies = statement<[bodiesJson: string], { number: number; chunks: string }>(
  `SELECT b.number, lower(hex(b.chunks)) AS chunks FROM json_each(?) AS named JOIN body b ON b.number = named.value WHERE b.refs = 0 ORDER BY b.number`,
);
export const deleteBodies = statement<[bodiesJson: string]>('DELETE FROM body WHERE number IN (SELECT value FROM json_each(?))');
export const deleteVersions = statement<[ownersJson: string]>('DELETE FROM version WHERE number IN (SELECT value FROM json_each(?))');
/** JSON rows of [queuedMs, owner, slices]. */
export const lowerGarbage = statement<[rowsJson: string]>(
  `UPDATE garbage SET slices = named.value ->> 2 FROM json_each(?) AS named
   WHERE garbage.queued_ms = named.value ->> 0 AND garbage.owner = named.value ->> 1`,
);
/** JSON rows of [queuedMs, owner]. */
export const deleteGarbage = statement<[rowsJson: string]>(
  'DELETE FROM garbage WHERE (queued_ms, owner) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))',
);

/** JSON rows of [node, chunk]. */
export const insertDoomed = statement<[rowsJson: string]>(
  `INSERT INTO doomed (node, chunk) SELECT value ->> 0, unhex(value ->> 1, '-') FROM json_each(?) WHERE true
   ON CONFLICT (node, chunk) DO NOTHING`,
);
/** Which of the JSON rows of [node, chunk] are still to be deleted. */
export const doomedAmong = statement<[rowsJson: string], { node: number; chunk: Buffer }>(
  `SELECT d.node, d.chunk FROM json_each(?) AS named
   JOIN doomed d ON d.node = named.value ->> 0 AND d.chunk = unhex(named.value ->> 1, '-')`,
);
export const doomedPage = statement<[node: number, afterId: Buffer, limit: number], { chunk: Buffer }>(
  'SELECT chunk FROM doomed WHERE node = ? AND chunk > ? ORDER BY chunk LIMIT ? + 0',
);
export const deleteDoomed = statement<[node: number, idsJson: string]>(
  `DELETE FROM doomed WHERE node = ? AND chunk IN (SELECT unhex(value, '-') FROM json_each(?))`,
);
