import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { formatAddress, parseAddress, type Address } from '../address.js';
import { CliError, usageError } from '../cli-error.js';
import { filePieces, streamPieces } from '../client/read-pieces.js';
import { partSizeBytesDefault, partSizeFor, singlePutBytesMax, uploadPieces, type Uploaded, type UploadTarget } from '../client/upload.js';
import type { Context, Start } from '../context.js';
import { exitCode } from '../exit-code.js';
import { doEach } from '../do-each.js';
import { onFile } from '../file-error.js';
import { formatBytes, parseBytes, type EachShape } from '../output.js';

interface PutOptions {
  contentType?: string;
  meta: string[];
  clobber: boolean;
  partSize: string;
  concurrency: string;
}

const partSizeBytesMin = 5 * 1024 * 1024;
const concurrencyMax = 64;

export function addPut(program: Command, start: Start): void {
  program
    .command('put')
    .summary('upload files, or stdin as -')
    .description('Upload files (or stdin, as -). With several files, or a target that ends in /, each keeps its name.')
    .argument('<what...>', 'FILE… s3://BUCKET/KEY or s3://BUCKET/PREFIX/')
    .option('--content-type <type>', 'Content-Type of the objects')
    .option('--meta <name=value>', 'user metadata; may be repeated', (text: string, list: string[]) => [...list, text], [])
    .option('--no-clobber', 'fail when the object exists')
    .option('--part-size <size>', 'size of parts of large objects', `${partSizeBytesDefault / 1024 / 1024}MiB`)
    .option('--concurrency <n>', 'parts under way at once', '4')
    .action(async (what: string[], options: PutOptions, command: Command) => {
      const context = start(command);
      const target = what.pop();
      if (target === undefined || what.length === 0)
        throw usageError('What is to be uploaded, and where to?', 'aether put FILE s3://BUCKET/KEY');
      const address = parseAddress(target);
      const intoFolder = address.key === '' || address.key.endsWith('/');
      if (what.length > 1 && !intoFolder)
        throw usageError(`${target} is one key, and these are ${what.length} files.`, `aether put … ${target}/`);
      if (what.includes('-') && intoFolder) throw usageError('stdin has no name.', 'aether put - s3://BUCKET/KEY');
      const settings = { headers: headersOf(options), ...sizesOf(options) };
      const places = what.map((file) => ({
        file,
        address: intoFolder ? { ...address, key: `${address.key}${basename(resolve(file))}` } : address,
      }));
      await doEach(context, places, {
        name: ({ file }) => file,
        run: async (place): Promise<Put> => ({
          ...place,
          ...(await onFile(place.file, 'read', () => putOne(context, place.file, place.address, settings))),
        }),
        shape,
      });
    });
}

interface Place {
  file: string;
  address: Address;
}

type Put = Place & Uploaded;

const shape: EachShape<Put> = {
  value: ({ address: { bucket, key }, sizeBytes, etag, parts }) => ({ bucket, key, sizeBytes, etag, parts }),
  text: ({ address, sizeBytes, parts }) => `${formatAddress(address)}  ${formatBytes(sizeBytes)}${parts > 1 ? `, ${parts} parts` : ''}`,
  name: ({ address }) => formatAddress(address),
};

interface PutSettings {
  headers: Record<string, string>;
  partSizeBytes: number;
  concurrency: number;
}

async function putOne(context: Context, file: string, address: Address, settings: PutSettings): Promise<Uploaded> {
  const { bucket, key } = address;
  const target: UploadTarget = { bucket, key, headers: settings.headers };
  const sizeBytes = file === '-' ? null : await sizeOf(file);
  const progress = context.progress({ label: basename(file), totalBytes: sizeBytes });
  try {
    const pieceBytes = pieceSize(sizeBytes, settings.partSizeBytes);
    const pieces = sizeBytes === null ? streamPieces(context.environment.input, pieceBytes) : filePieces(file, sizeBytes, pieceBytes);
    return await uploadPieces(context.s3(address.profile), target, pieces, {
      partSizeBytes: pieceBytes,
      concurrency: settings.concurrency,
      signal: context.signal,
      onProgress: (added) => progress.add(added),
    });
  } finally {
    progress.end();
  }
}

/** A whole file in one piece as long as that is a single PUT. */
function pieceSize(sizeBytes: number | null, partSizeBytes: number): number {
  if (sizeBytes === null) return partSizeBytes;
  return sizeBytes <= singlePutBytesMax ? singlePutBytesMax : partSizeFor(sizeBytes, partSizeBytes);
}

async function sizeOf(file: string): Promise<number> {
  try {
    const facts = await stat(file);
    if (facts.isDirectory())
      throw usageError(`${file} is a folder; files are uploaded one by one.`, `rclone copy ${file} aether:BUCKET/PREFIX`);
    if (!facts.isFile()) throw usageError(`${file} is not a file.`);
    return facts.size;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new CliError({ exitCode: exitCode.notFound, code: 'file-unknown', what: `There is no file ${file}.` }, { cause });
  }
}

function headersOf({ contentType, meta, clobber }: PutOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  if (contentType !== undefined) headers['content-type'] = contentType;
  if (!clobber) headers['if-none-match'] = '*';
  for (const pair of meta) {
    const match = /^([A-Za-z0-9-]+)=([\x20-\x7e]*)$/.exec(pair);
    if (match === null) throw usageError(`--meta ${pair}: NAME=VALUE of visible ASCII is wanted.`);
    headers[`x-amz-meta-${match[1]!.toLowerCase()}`] = match[2]!;
  }
  return headers;
}

function sizesOf({ partSize, concurrency }: PutOptions): { partSizeBytes: number; concurrency: number } {
  const partSizeBytes = parseBytes(partSize);
  if (partSizeBytes < partSizeBytesMin) throw usageError('--part-size: parts have at least 5 MiB.');
  const count = Number(concurrency);
  if (!Number.isInteger(count) || count < 1 || count > concurrencyMax)
    throw usageError(`--concurrency: a number from 1 to ${concurrencyMax} is wanted.`);
  return { partSizeBytes, concurrency: count };
}
