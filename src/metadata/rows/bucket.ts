import { statement } from '../tx.js';

export interface BucketRow {
  number: number;
  name: Buffer;
  facts_version: number;
  created_ms: number;
}

export const bucketByName = statement<[name: Buffer], BucketRow>('SELECT * FROM bucket WHERE name = ?');
export const bucketFacts = statement<[number: number], { facts_version: number }>('SELECT facts_version FROM bucket WHERE number = ?');
export const insertBucket = statement<[number: number, name: Buffer, factsVersion: number, createdMs: number]>(
  'INSERT INTO bucket (number, name, facts_version, created_ms) VALUES (?, ?, ?, ?)',
);
export const deleteBucketRow = statement<[number: number]>('DELETE FROM bucket WHERE number = ?');
export const bucketPage = statement<[from: Buffer, end: Buffer, limit: number], BucketRow>(
  'SELECT * FROM bucket WHERE name >= ? AND name < ? ORDER BY name LIMIT ? + 0',
);
export const insertDroppedBucket = statement<[bucket: number]>('INSERT INTO dropped_bucket (bucket) VALUES (?)');
export const firstDroppedBucket = statement<[], { bucket: number }>('SELECT bucket FROM dropped_bucket ORDER BY bucket LIMIT 1');
export const deleteDroppedBucket = statement<[bucket: number]>('DELETE FROM dropped_bucket WHERE bucket = ?');
