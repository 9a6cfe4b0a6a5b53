import { statement } from '../tx.js';

interface BucketFactsRow {
  facts_version: number;
}

/** Of an outer join: all there, or nothing. */
type Partly<Row> = Row | { [Column in keyof Row]: null };

export interface ObjectRow {
  version: number;
  facts: string; // see packFacts in model/listed-object.ts
}

/** The facts of the bucket, and what stands under a key in it: one statement, since most transactions begin so. */
export const objectInBucket = statement<[key: Buffer, bucket: number], BucketFactsRow & Partly<ObjectRow>>(
  `SELECT b.facts_version, o.version, o.facts FROM bucket b
   LEFT JOIN object o ON o.bucket = b.number AND o.key = ? WHERE b.number = ?`,
);
export const upsertObject = statement<[bucket: number, key: Buffer, version: number, facts: string]>(
  `INSERT INTO object (bucket, key, version, facts) VALUES (?, ?, ?, ?)
   ON CONFLICT (bucket, key) DO UPDATE SET version = excluded.version, facts = excluded.facts`,
);
/** Of a JSON list of keys in hexadecimal, which has to lead: the other way round it would be all keys of the bucket. */
export const objectsByKeys = statement<[hexKeysJson: string, bucket: number], ObjectRow & { key: Buffer }>(
  `SELECT o.key, o.version, o.facts FROM json_each(?) AS named CROSS JOIN object o ON o.bucket = ? AND o.key = unhex(named.value)`,
);
export const deleteObjectRows = statement<[bucket: number, hexKeysJson: string]>(
  'DELETE FROM object WHERE bucket = ? AND key IN (SELECT unhex(value) FROM json_each(?))',
);
export const anyObjectInBucket = statement<[bucket: number], { found: number }>('SELECT 1 AS found FROM object WHERE bucket = ? LIMIT 1');
/**
 * A packed list (model/listed-object.ts): a row for each object would cost three times as much. SQLite takes the rows of the
 * inner query in its order, as a co-routine, but does not promise it: a test looks at the plan. An ORDER BY inside of
 * group_concat would sort them once more, for 2.5 times the time.
 */
export const objectPage = statement<[bucket: number, from: Buffer, end: Buffer, limit: number], { packed: Buffer; count: number }>(
  `SELECT CAST(coalesce(group_concat(facts || key || x'ff', ''), '') AS BLOB) AS packed, count(*) AS count FROM (
     SELECT facts, key FROM object WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key LIMIT ? + 0)`,
);

export interface VersionRow {
  attributes: string; // see packAttributes
  parts: number | null;
}

export const versionInBucket = statement<[key: Buffer, bucket: number], BucketFactsRow & Partly<ObjectRow & VersionRow>>(
  `SELECT b.facts_version, o.version, o.facts, v.attributes, v.parts FROM bucket b
   LEFT JOIN object o ON o.bucket = b.number AND o.key = ? LEFT JOIN version v ON v.number = o.version WHERE b.number = ?`,
);
export const insertVersion = statement<[number: number, attributes: string, parts: number | null]>(
  'INSERT INTO version (number, attributes, parts) VALUES (?, ?, ?)',
);
export const versionExists = statement<[number: number], { found: number }>('SELECT 1 AS found FROM version WHERE number = ?');
