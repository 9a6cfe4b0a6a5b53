import { isBucketName } from '../model/bucket-name.js';
import { keyBytesMax } from '../model/limits.js';
import { Refusal } from '../model/refusal.js';
import { operations, type Level, type Operation, type OperationRow } from './operations.js';
import type { ParsedRequest, QueryParameters } from './raw-request.js';

/** A request whose meaning is known. `bucket` and `key` are empty where the operation's level has none. */
export interface DetectedRequest {
  operation: Operation;
  bucket: string;
  key: string;
}

type Candidate = readonly [Operation, OperationRow];

/** Rows by method and level, in the order of the table. */
const candidates = new Map<string, Candidate[]>();
for (const [operation, row] of Object.entries(operations) as [Operation, OperationRow][]) {
  const group = `${row.method} ${row.level}`;
  candidates.set(group, [...(candidates.get(group) ?? []), [operation, row]]);
}

/**
 * Which operation a request is, and on what. Everything else is refused here: uri-invalid, bucket-name-invalid,
 * key-too-long, method-not-allowed, not-implemented.
 */
export function detect(request: ParsedRequest, baseDomain: string | null): DetectedRequest {
  const { bucket, key } = address(request, baseDomain);
  const level: Level = bucket === '' ? 'service' : key === '' ? 'bucket' : 'object';
  if (bucket !== '' && !isBucketName(bucket)) throw new Refusal('bucket-name-invalid');
  if (Buffer.byteLength(key) > keyBytesMax) throw new Refusal('key-too-long');
  const group = candidates.get(`${request.method} ${level}`);
  if (!group) throw unknownMethod(request.method, level);
  const copies = request.headers.get('x-amz-copy-source') !== null;
  const found = group.find(([, row]) => matches(row, request.query, copies));
  if (!found) throw unknownMethod(request.method, level);
  refuseUnknownParameters(found[1], request.query);
  return { operation: found[0], bucket, key };
}

function matches(row: OperationRow, query: QueryParameters, copies: boolean): boolean {
  return (
    (row.copies ?? false) === (copies && row.method === 'PUT' && row.level === 'object') &&
    (row.selectors ?? []).every((name) => query.has(name)) &&
    (row.oneOf === undefined || row.oneOf.some((name) => query.has(name)))
  );
}

function unknownMethod(method: string, level: Level): Refusal {
  // A form upload (POST policy) is the one POST on a bucket that clients know besides DeleteObjects.
  if (method === 'POST' && level !== 'service') return new Refusal('not-implemented');
  return new Refusal('method-not-allowed');
}

/**
 * Parameters that say nothing about the operation: SDKs name it in `x-id`; signatures have their own reader, which also
 * refuses those of version 2.
 */
function isNeutral(name: string): boolean {
  return name === 'x-id' || name.toLowerCase().startsWith('x-amz-') || versionTwoParameters.has(name);
}

const versionTwoParameters: ReadonlySet<string> = new Set(['AWSAccessKeyId', 'Signature', 'Expires']);

/** A sub-resource that is not known could make the request something else: a PUT with `?acl` is no PutObject. */
function refuseUnknownParameters(row: OperationRow, query: QueryParameters): void {
  for (const [name] of query.pairs) {
    if (row.selectors?.includes(name) || row.oneOf?.includes(name) || row.parameters?.includes(name) || isNeutral(name)) continue;
    throw new Refusal('not-implemented', `The query parameter ${name.slice(0, 100)} asks for functionality that is not implemented.`);
  }
}

/** `bucket.base-domain/key`, else `/bucket/key`. The first slash after the bucket ends it; the key is taken literally. */
function address(request: ParsedRequest, baseDomain: string | null): { bucket: string; key: string } {
  const virtual = baseDomain === null ? null : bucketOfHost(request.headers.get('host'), baseDomain);
  if (virtual !== null) return { bucket: virtual, key: request.path.slice(1) };
  const slash = request.path.indexOf('/', 1);
  if (slash < 0) return { bucket: request.path.slice(1), key: '' };
  const bucket = request.path.slice(1, slash);
  if (bucket === '') throw new Refusal('uri-invalid', 'The bucket is missing before the key.');
  return { bucket, key: request.path.slice(slash + 1) };
}

function bucketOfHost(host: string | null, baseDomain: string): string | null {
  const name = host?.toLowerCase().replace(/:\d+$/, '') ?? '';
  return name.endsWith(`.${baseDomain}`) ? name.slice(0, -baseDomain.length - 1) : null;
}
