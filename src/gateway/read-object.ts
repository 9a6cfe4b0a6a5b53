import { parseRange, type ByteRange } from '../model/byte-range.js';
import { packedSizeBytesMax } from '../model/limits.js';
import { judgeRead, namesEtag } from '../model/read-conditions.js';
import { Refusal } from '../model/refusal.js';
import { writeAttributes } from '../s3/attributes.js';
import { parseEtags, readConditions } from '../s3/conditions.js';
import { readPartNumber } from '../s3/complete-request.js';
import { formatHttpDate, parseHttpDate } from '../s3/http-date.js';
import type { HeaderLines } from '../s3/raw-request.js';
import { writeChecksumHeaders } from '../s3/upload-checksum.js';
import { xml } from '../s3/xml-write.js';
import type { ResponseOf } from '../wire/verbs.js';
import { DetailedRefusal, emptyAnswer, type Answer, type AnswerStream } from './answer.js';
import { inBucket } from './in-bucket.js';
import type { GatewayRequest, GatewayServices } from './operation.js';

type FoundObject = ResponseOf<'lookupObject'>;

/** What a larger answer may hold in memory at once: read ahead from a node, and queued for the client. */
const streamBytesMax = 4 * 1024 * 1024;

/** GetObject and HeadObject: one question to the master, then conditions, then the range, then bytes. */
export async function readObject(request: GatewayRequest, services: GatewayServices, wanted: 'bytes' | 'head'): Promise<Answer> {
  const { key, query, headers } = request;
  const partText = query.get('partNumber');
  const partNumber = partText === null ? null : readPartNumber(partText);
  if (partNumber !== null && headers.get('range') !== null) {
    throw new Refusal('request-invalid', 'Cannot specify both Range header and partNumber query parameter.');
  }
  const found = await inBucket(request, services, ({ bucketId, factsVersion }) =>
    services.master.ask('lookupObject', { bucketId, factsVersion, key, partNumber }),
  );
  const { version } = found;
  const answer = ['etag', `"${version.etag}"`, 'last-modified', formatHttpDate(version.lastModifiedMs)];
  const verdict = judgeRead(readConditions(headers, ''), version);
  if (verdict === 'failed') throw new Refusal('precondition-failed');
  if (verdict === 'not-modified') return emptyAnswer(304, answer);

  const range = rangeOf(found, headers);
  const { startBytes, endBytes } = range ?? { startBytes: 0, endBytes: version.sizeBytes };
  answer.push('accept-ranges', 'bytes');
  if (range) answer.push('content-range', `bytes ${startBytes}-${endBytes - 1}/${version.sizeBytes}`);
  writeAttributes(answer, version, query);
  answer.push('x-content-type-options', 'nosniff');
  if (partNumber !== null && version.partCount !== null) answer.push('x-amz-mp-parts-count', String(version.partCount));
  const isWhole = startBytes === 0 && endBytes === version.sizeBytes;
  if (isWhole && headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED') writeChecksumHeaders(answer, version.checksum);

  const lengthBytes = endBytes - startBytes;
  const status = range ? 206 : 200;
  if (wanted === 'head') return { status, headers: answer, body: { lengthBytes, bytes: null } };
  if (lengthBytes === 0) return emptyAnswer(status, answer);
  return { status, headers: answer, body: streamOf(found, { startBytes, endBytes }, services) };
}

/** The part or the range that is asked for, or null for the whole. */
function rangeOf({ version, part }: FoundObject, headers: HeaderLines): ByteRange | null {
  const { sizeBytes } = version;
  if (part !== null && part.sizeBytes > 0) return { startBytes: part.offsetBytes, endBytes: part.offsetBytes + part.sizeBytes };
  const header = headers.get('range');
  if (header === null || !isStillTheSame(version, headers.get('if-range'))) return null;
  const range = parseRange(header, sizeBytes);
  if (range !== 'unsatisfiable') return range;
  throw new DetailedRefusal(new Refusal('range-not-satisfiable'), {
    headers: ['content-range', `bytes */${sizeBytes}`],
    elements: xml`<RangeRequested>${header}</RangeRequested><ActualObjectSize>${sizeBytes}</ActualObjectSize>`,
  });
}

/** If-Range (RFC 9110, 13.1.5): the range counts only for the representation that the client has a piece of. */
function isStillTheSame(version: { etag: string; lastModifiedMs: number }, ifRange: string | null): boolean {
  if (ifRange === null) return true;
  const dateMs = parseHttpDate(ifRange);
  if (dateMs !== null) return Math.floor(version.lastModifiedMs / 1000) * 1000 === dateMs;
  return namesEtag(parseEtags(ifRange) ?? '', version.etag);
}

/** Room in memory is taken when the first byte is read, and given back however the reading ends. */
function streamOf(found: FoundObject, range: ByteRange, services: GatewayServices): AnswerStream {
  const lengthBytes = range.endBytes - range.startBytes;
  if (lengthBytes <= packedSizeBytesMax) return { lengthBytes, bytes: services.chunks.read(found, range) };
  const { admission, chunks } = services;
  async function* held(): AsyncGenerator<Buffer, void, void> {
    const heldBytes = Math.min(lengthBytes, streamBytesMax);
    const room = admission.reserve(heldBytes);
    if (room !== null) await room;
    try {
      yield* chunks.read(found, range);
    } finally {
      admission.giveBack(heldBytes);
    }
  }
  return { lengthBytes, bytes: held() };
}
