import { requiredText } from '../../s3/xml-read.js';
import { xml, xmlDocument } from '../../s3/xml-write.js';
import { askXml, crc32cHeader, unquoted } from './objects.js';
import type { S3Client } from './s3-client.js';

const MiB = 1024 * 1024;
/** Larger bodies go up in parts. */
export const singlePutBytesMax = 64 * MiB;
export const partSizeBytesDefault = 16 * MiB;
const partNumberMax = 10_000;
/** An abort is worth a short wait only: whoever pressed Ctrl-C wants the terminal back. */
const abortWithinMs = 5000;

export interface UploadTarget {
  bucket: string;
  key: string;
  /** content-type, x-amz-meta-*, if-none-match, … */
  headers: Readonly<Record<string, string>>;
}

export interface UploadOptions {
  partSizeBytes: number;
  /** Parts under way at once; each is in memory. */
  concurrency: number;
  signal: AbortSignal;
  onProgress: (addedBytes: number) => void;
}

export interface Uploaded {
  etag: string;
  sizeBytes: number;
  parts: number;
}

/** The size of parts that brings a body of this size into 10,000 of them. */
export function partSizeFor(sizeBytes: number, wantedBytes: number): number {
  return Math.max(wantedBytes, Math.ceil(sizeBytes / partNumberMax / MiB) * MiB);
}

/** One PUT. */
export async function putObject(client: S3Client, target: UploadTarget, body: Buffer, signal: AbortSignal): Promise<Uploaded> {
  const { bucket, key } = target;
  const headers = { ...target.headers, 'x-amz-checksum-crc32c': crc32cHeader(body) };
  const answer = await client.ask({ method: 'PUT', bucket, key, headers, body, signal });
  return { etag: unquoted(answer.headers.etag ?? ''), sizeBytes: body.length, parts: 1 };
}

/**
 * Puts pieces of at most `partSizeBytes` (all but the last are that long) as one object: a single PUT when there is only
 * one, else a multipart upload, which is aborted when anything goes wrong.
 */
export async function uploadPieces(
  client: S3Client,
  target: UploadTarget,
  pieces: AsyncIterable<Buffer>,
  options: UploadOptions,
): Promise<Uploaded> {
  const iterator = pieces[Symbol.asyncIterator]();
  try {
    const first = await iterator.next();
    const firstPiece = first.done === true ? Buffer.alloc(0) : first.value;
    const second = first.done === true ? first : await iterator.next();
    if (second.done !== true) return await uploadParts(client, target, rejoined([firstPiece, second.value], iterator), options);
    const uploaded = await putObject(client, target, firstPiece, options.signal);
    options.onProgress(firstPiece.length);
    return uploaded;
  } finally {
    await iterator.return?.();
  }
}

async function* rejoined(read: readonly Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* read;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

interface Part {
  number: number;
  etag: string;
  crc32c: string;
}

async function uploadParts(
  client: S3Client,
  target: UploadTarget,
  pieces: AsyncIterable<Buffer>,
  options: UploadOptions,
): Promise<Uploaded> {
  const { bucket, key } = target;
  const { 'if-none-match': ifNoneMatch, ...attributes } = target.headers;
  const conditions = ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch };
  const created = await askXml(client, {
    method: 'POST',
    bucket,
    key,
    query: [['uploads', '']],
    headers: { ...attributes, 'x-amz-checksum-algorithm': 'CRC32C', 'x-amz-checksum-type': 'FULL_OBJECT' },
    signal: options.signal,
  });
  const uploadId = requiredText(created, 'UploadId');
  try {
    const { parts, sizeBytes } = await sendParts(client, { bucket, key, uploadId }, pieces, options);
    const list = parts.map(
      (part) =>
        xml`<Part><PartNumber>${part.number}</PartNumber><ETag>"${part.etag}"</ETag><ChecksumCRC32C>${part.crc32c}</ChecksumCRC32C></Part>`,
    );
    const completed = await askXml(client, {
      method: 'POST',
      bucket,
      key,
      query: [['uploadId', uploadId]],
      headers: { ...conditions, 'content-type': 'application/xml' },
      body: xmlDocument('CompleteMultipartUpload', xml`${list}`),
      signal: options.signal,
    });
    return { etag: unquoted(requiredText(completed, 'ETag')), sizeBytes, parts: parts.length };
  } catch (error) {
    // Best effort: the first error is the one to tell.
    await client
      .ask({ method: 'DELETE', bucket, key, query: [['uploadId', uploadId]], signal: AbortSignal.timeout(abortWithinMs) })
      .catch(() => undefined);
    throw error;
  }
}

async function sendParts(
  client: S3Client,
  upload: { bucket: string; key: string; uploadId: string },
  pieces: AsyncIterable<Buffer>,
  options: UploadOptions,
): Promise<{ parts: Part[]; sizeBytes: number }> {
  const parts: Part[] = [];
  const underWay = new Set<Promise<void>>();
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  let sizeBytes = 0;
  const sendPart = async (number: number, body: Buffer): Promise<void> => {
    const crc32c = crc32cHeader(body);
    const query: [string, string][] = [
      ['partNumber', String(number)],
      ['uploadId', upload.uploadId],
    ];
    const headers = { 'x-amz-checksum-crc32c': crc32c };
    const answer = await client.ask({ method: 'PUT', bucket: upload.bucket, key: upload.key, query, headers, body, signal });
    parts.push({ number, etag: unquoted(answer.headers.etag ?? ''), crc32c });
    options.onProgress(body.length);
  };
  try {
    let number = 0;
    for await (const body of pieces) {
      number += 1;
      sizeBytes += body.length;
      const sending = sendPart(number, body).finally(() => underWay.delete(sending));
      sending.catch(() => undefined); // told by the race or by the last wait, which may come later
      underWay.add(sending);
      if (underWay.size >= options.concurrency) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(underWay);
    throw error;
  }
  return { parts: parts.sort((a, b) => a.number - b.number), sizeBytes };
}
