import type { ChecksumAlgorithm, ChecksumType } from '../../model/object.js';
import { statement } from '../tx.js';

export interface UploadRow {
  key: Buffer;
  id: Buffer;
  number: number;
  initiated_ms: number;
  attributes: string; // JSON of ObjectAttributes
  algorithm: ChecksumAlgorithm | null;
  type: ChecksumType | null;
}

export const insertUpload = statement<
  [
    bucket: number,
    key: Buffer,
    id: Buffer,
    number: number,
    initiatedMs: number,
    attributes: string,
    algorithm: string | null,
    type: string | null,
  ]
>('INSERT INTO upload (bucket, key, id, number, initiated_ms, attributes, algorithm, type) VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
export const uploadByName = statement<[bucket: number, key: Buffer, id: Buffer], UploadRow>(
  'SELECT * FROM upload WHERE bucket = ? AND key = ? AND id = ?',
);
export const deleteUpload = statement<[bucket: number, key: Buffer, id: Buffer]>(
  'DELETE FROM upload WHERE bucket = ? AND key = ? AND id = ?',
);
export const anyUploadInBucket = statement<[bucket: number], { found: number }>('SELECT 1 AS found FROM upload WHERE bucket = ? LIMIT 1');
export const uploadsOfBucket = statement<[bucket: number, limit: number], UploadRow>(
  'SELECT * FROM upload WHERE bucket = ? ORDER BY key, id LIMIT ? + 0',
);
export const uploadPage = statement<[bucket: number, key: Buffer, id: Buffer, end: Buffer, limit: number], UploadRow>(
  `SELECT * FROM upload WHERE bucket = ? AND (key, id) > (?, ?) AND key < ? ORDER BY key, id LIMIT ? + 0`,
);

export const insertFinishedUpload = statement<[bucket: number, key: Buffer, id: Buffer, answer: string, finishedMs: number]>(
  'INSERT INTO finished_upload (bucket, key, id, answer, finished_ms) VALUES (?, ?, ?, ?, ?)',
);
export const finishedUpload = statement<[bucket: number, key: Buffer, id: Buffer], { answer: string }>(
  'SELECT answer FROM finished_upload WHERE bucket = ? AND key = ? AND id = ?',
);
export const deleteFinishedUploads = statement<[finishedBeforeMs: number, limit: number]>(
  `DELETE FROM finished_upload WHERE (bucket, key, id) IN
   (SELECT bucket, key, id FROM finished_upload WHERE finished_ms < ? ORDER BY finished_ms LIMIT ? + 0)`,
);
