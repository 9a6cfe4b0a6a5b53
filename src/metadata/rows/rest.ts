import { statement } from '../tx.js';

export interface RestUploadRow {
  id: Buffer;
  size_hint: number | null;
}

export const restUploadById = statement<[id: Buffer], RestUploadRow>('SELECT id, size_hint FROM rest_upload WHERE id = ?');
export const insertRestUpload = statement<[id: Buffer, sizeHint: number | null, createdMs: number, expiresMs: number]>(
  'INSERT INTO rest_upload (id, size_hint, created_ms, expires_ms) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
);
export const deleteRestUpload = statement<[id: Buffer]>('DELETE FROM rest_upload WHERE id = ?');
export const expiredRestUploads = statement<[expiresBeforeMs: number, limit: number], RestUploadRow>(
  'SELECT id, size_hint FROM rest_upload WHERE expires_ms <= ? ORDER BY expires_ms, id LIMIT ? + 0',
);
