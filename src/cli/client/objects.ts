import type { IncomingHttpHeaders } from 'node:http';
import { crc32c } from '../../base/crc32c.js';
import { childText, readXml, requiredText, type XmlElement } from '../../s3/xml-read.js';
import { xml, xmlDocument } from '../../s3/xml-write.js';
import { listKeysMax } from '../../model/limits.js';
import { Refusal } from '../../model/refusal.js';
import { CliError } from '../cli-error.js';
import { exitCode } from '../exit-code.js';
import type { S3Client } from './s3-client.js';

export interface BucketEntry {
  name: string;
  created: string;
}

export interface ObjectEntry {
  key: string;
  sizeBytes: number;
  lastModified: string;
  etag: string;
}

export interface ListPage {
  objects: ObjectEntry[];
  /** Common prefixes, with their delimiter. */
  prefixes: string[];
  nextToken: string | null;
}

export async function listBuckets(client: S3Client, signal: AbortSignal): Promise<BucketEntry[]> {
  const root = await askXml(client, { method: 'GET', signal });
  const list = root.children.find((child) => child.name === 'Buckets');
  return (list?.children ?? []).map((bucket) => ({ name: requiredText(bucket, 'Name'), created: childText(bucket, 'CreationDate') ?? '' }));
}

export interface ListRequest {
  bucket: string;
  prefix: string;
  delimiter: string;
  token: string | null;
  limit: number;
}

export async function listObjects(client: S3Client, request: ListRequest, signal: AbortSignal): Promise<ListPage> {
  const query: [string, string][] = [
    ['list-type', '2'],
    ['encoding-type', 'url'],
    ['prefix', request.prefix],
    ['max-keys', String(request.limit)],
  ];
  if (request.delimiter !== '') query.push(['delimiter', request.delimiter]);
  if (request.token !== null) query.push(['continuation-token', request.token]);
  const root = await askXml(client, { method: 'GET', bucket: request.bucket, query, signal });
  const page: ListPage = { objects: [], prefixes: [], nextToken: childText(root, 'NextContinuationToken') };
  for (const child of root.children) {
    if (child.name === 'Contents') {
      page.objects.push({
        key: decodeName(requiredText(child, 'Key')),
        sizeBytes: Number(requiredText(child, 'Size')),
        lastModified: requiredText(child, 'LastModified'),
        etag: unquoted(childText(child, 'ETag') ?? ''),
      });
    } else if (child.name === 'CommonPrefixes') {
      page.prefixes.push(decodeName(requiredText(child, 'Prefix')));
    }
  }
  return page;
}

/** Every object under a prefix, page by page. */
export async function* listAll(
  client: S3Client,
  place: { bucket: string; prefix: string },
  signal: AbortSignal,
): AsyncGenerator<ObjectEntry[]> {
  let token: string | null = null;
  do {
    const page: ListPage = await listObjects(client, { ...place, delimiter: '', token, limit: listKeysMax }, signal);
    yield page.objects;
    token = page.nextToken;
  } while (token !== null);
}

export interface ObjectHead {
  sizeBytes: number;
  etag: string;
  lastModified: string;
  contentType: string | null;
  metadata: Record<string, string>;
  /** As S3 names them: `crc32c`, `sha256`, …; base64. */
  checksum: { algorithm: string; value: string; wholeObject: boolean } | null;
}

export async function headObject(client: S3Client, place: { bucket: string; key: string }, signal: AbortSignal): Promise<ObjectHead> {
  const { headers } = await client.ask({ method: 'HEAD', ...place, headers: { 'x-amz-checksum-mode': 'ENABLED' }, signal });
  return readHead(headers);
}

function readHead(headers: IncomingHttpHeaders): ObjectHead {
  const metadata: Record<string, string> = {};
  let checksum: ObjectHead['checksum'] = null;
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string') continue;
    if (name.startsWith('x-amz-meta-')) metadata[name.slice('x-amz-meta-'.length)] = value;
    const algorithm = /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$/.exec(name)?.[1];
    if (algorithm !== undefined) checksum = { algorithm, value, wholeObject: headers['x-amz-checksum-type'] !== 'COMPOSITE' };
  }
  return {
    sizeBytes: Number(headers['content-length'] ?? 0),
    etag: unquoted(headers.etag ?? ''),
    lastModified: headers['last-modified'] === undefined ? '' : new Date(headers['last-modified']).toISOString(),
    contentType: headers['content-type'] ?? null,
    metadata,
    checksum,
  };
}

export interface DeleteFailure {
  key: string;
  code: string;
  message: string;
}

/** Deletes up to `deleteKeysMax` keys; answers those that were not. */
export async function deleteObjects(
  client: S3Client,
  place: { bucket: string; keys: readonly string[] },
  signal: AbortSignal,
): Promise<DeleteFailure[]> {
  const objects = place.keys.map((key) => xml`<Object><Key>${key}</Key></Object>`);
  const body = xmlDocument('Delete', xml`<Quiet>true</Quiet>${objects}`);
  const root = await askXml(client, {
    method: 'POST',
    bucket: place.bucket,
    query: [['delete', '']],
    headers: { 'content-type': 'application/xml', 'x-amz-checksum-crc32c': crc32cHeader(body) },
    body,
    signal,
  });
  return root.children
    .filter((child) => child.name === 'Error')
    .map((failed) => ({
      key: childText(failed, 'Key') ?? '',
      code: childText(failed, 'Code') ?? 'Unknown',
      message: childText(failed, 'Message') ?? '',
    }));
}

/** The value of `x-amz-checksum-crc32c`. */
export function crc32cHeader(bytes: Buffer): string {
  const digest = Buffer.alloc(4);
  digest.writeUInt32BE(crc32c(bytes));
  return digest.toString('base64');
}

export async function askXml(client: S3Client, request: Parameters<S3Client['ask']>[0]): Promise<XmlElement> {
  const { body } = await client.ask(request);
  try {
    return readXml(body);
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    const what = 'The answer is not what an S3 store says.';
    throw new CliError(
      { exitCode: exitCode.other, code: 'answer-unknown', what, why: cause.message, hint: 'aether config view --show-source' },
      { cause },
    );
  }
}

export function unquoted(etag: string): string {
  return etag.replaceAll('"', '');
}

/** Names come percent-encoded (encoding-type=url); some stores write a space as `+`. */
function decodeName(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
