import { createReadStream } from 'node:fs';
import { open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../../base/atomic-file.js';
import { Crc64Nvme } from '../../base/crc64nvme.js';
import { isChecksumAlgorithm } from '../../s3/checksums.js';
import { startHash, type HashName } from '../../s3/hash-stream.js';
import { CliError, interruptedError } from '../cli-error.js';
import { exitCode } from '../exit-code.js';
import { headObject, type ObjectHead } from './objects.js';
import type { S3Client } from './s3-client.js';

/** Connections that may break during one download, while bytes come in between. */
const breaksMax = 20;

export interface ReadPlace {
  bucket: string;
  key: string;
}

/**
 * The bytes [startBytes, endBytes) of exactly this version (its ETag). When the connection breaks, goes on at the same
 * byte; a version that was overwritten meanwhile fails with PreconditionFailed.
 */
export async function* readRange(
  client: S3Client,
  place: ReadPlace,
  range: { startBytes: number; endBytes: number; etag: string },
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let at = range.startBytes;
  let breaks = 0;
  while (at < range.endBytes) {
    const headers = { range: `bytes=${at}-${range.endBytes - 1}`, 'if-match': `"${range.etag}"` };
    const response = await client.open({ method: 'GET', ...place, headers, signal });
    const startBytes = at;
    try {
      for await (const piece of response as AsyncIterable<Buffer>) {
        at += piece.length;
        yield piece;
      }
    } catch (cause) {
      if (signal.aborted) throw interruptedError();
      if (at === startBytes) breaks += 1;
      if (breaks > breaksMax) throw brokeOff(place, cause as Error);
    }
    if (at === startBytes) breaks += 1;
    if (at > range.endBytes || breaks > breaksMax) throw brokeOff(place, new Error('the answer has another length than it said'));
  }
}

function brokeOff({ bucket, key }: ReadPlace, cause: Error): CliError {
  return new CliError(
    {
      exitCode: exitCode.unreachable,
      code: 'unreachable',
      what: `Reading s3://${bucket}/${key} broke off.`,
      why: cause.message,
      hint: 'try again',
    },
    { cause },
  );
}

export interface Download {
  head: ObjectHead;
  /** Bytes that an earlier, interrupted run had left. */
  resumedBytes: number;
  /** What the bytes on disk were compared with; null when the store offers nothing that covers the whole object. */
  verifiedBy: string | null;
}

/**
 * Downloads into `file`: first into a file beside it whose name carries the ETag, so that the next run can go on where
 * this one was interrupted; then verified, synced, renamed. `file` is the old or the new content, never half.
 */
export async function downloadFile(
  client: S3Client,
  place: ReadPlace & { file: string },
  options: { signal: AbortSignal; onStart: (head: ObjectHead, resumedBytes: number) => void; onProgress: (addedBytes: number) => void },
): Promise<Download> {
  const { signal } = options;
  const head = await headObject(client, place, signal);
  const partial = join(dirname(place.file), `.${basename(place.file)}.${head.etag.replaceAll(/[^\w-]/g, '')}.aether-part`);
  const left = await sizeOf(partial);
  const resumedBytes = left <= head.sizeBytes ? left : 0;
  options.onStart(head, resumedBytes);
  const handle = await open(partial, resumedBytes > 0 ? 'r+' : 'w', 0o644);
  try {
    let at = resumedBytes;
    for await (const piece of readRange(client, place, { startBytes: at, endBytes: head.sizeBytes, etag: head.etag }, signal)) {
      for (let written = 0; written < piece.length;) {
        const { bytesWritten } = await handle.write(piece, written, piece.length - written, at + written);
        written += bytesWritten;
      }
      at += piece.length;
      options.onProgress(piece.length);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const verifiedBy = await verify(partial, head);
  await rename(partial, place.file);
  await syncFolder(dirname(place.file));
  return { head, resumedBytes, verifiedBy };
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** Reads the file back and compares it with the checksum of the whole object, or with an ETag that is an MD5. */
async function verify(path: string, head: ObjectHead): Promise<string | null> {
  const expected = expectedDigest(head);
  if (expected === null) return null;
  const stream = startHash(expected.name, await Crc64Nvme.load());
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) stream.update(piece);
  if (stream.digest().equals(expected.digest)) return expected.name;
  await unlink(path);
  throw new CliError({
    exitCode: exitCode.other,
    code: 'digest-bad',
    what: 'What arrived is not what the store says it is.',
    why: `The ${expected.name} of the bytes on disk differs.`,
    hint: 'try again',
  });
}

function expectedDigest({ checksum, etag }: ObjectHead): { name: HashName; digest: Buffer } | null {
  const name = checksum?.wholeObject === true ? checksum.algorithm.toUpperCase() : '';
  if (checksum !== null && isChecksumAlgorithm(name)) return { name, digest: Buffer.from(checksum.value, 'base64') };
  return /^[0-9a-f]{32}$/.test(etag) ? { name: 'MD5', digest: Buffer.from(etag, 'hex') } : null;
}
