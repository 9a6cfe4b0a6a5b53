import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { parseUuid } from '../base/uuid.js';
import { parseRange, type ByteRange } from '../model/byte-range.js';
import { Refusal } from '../model/refusal.js';
import { headerNamesEtag, objectEtag } from '../model/object-etag.js';
import type { ObjectService } from './object-service.js';
import { readVerified } from './verified-read.js';

/** `GET` and `HEAD /objects/{id}`. Every block is compared with its CRC before it is sent; a wrong one ends the connection. */
export async function getObject(request: IncomingMessage, response: ServerResponse, idText: string, service: ObjectService): Promise<void> {
  const id = parseUuid(idText);
  if (id === null) throw new Refusal('object-id-invalid');
  const facts = service.volume.facts(id);
  if (facts?.kind !== 'rest') throw new Refusal('object-unknown');

  const etag = objectEtag(facts);
  const common = { etag, 'accept-ranges': 'bytes', 'cache-control': 'private, immutable', 'x-content-type-options': 'nosniff' };
  const ifNoneMatch = request.headers['if-none-match'];
  if (ifNoneMatch !== undefined && headerNamesEtag(ifNoneMatch, etag)) {
    response.writeHead(304, common).end();
    return;
  }
  const ifRange = request.headers['if-range'];
  const rangeHeader = ifRange === undefined || ifRange === etag ? (request.headers.range ?? null) : null;
  const range = parseRange(rangeHeader, facts.lengthBytes);
  if (range === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${facts.lengthBytes}`);
    throw new Refusal('range-not-satisfiable');
  }

  const { startBytes, endBytes } = range ?? { startBytes: 0, endBytes: facts.lengthBytes };
  const head = () =>
    response.writeHead(range ? 206 : 200, {
      ...common,
      'content-type': 'application/octet-stream',
      'content-length': endBytes - startBytes,
      ...(range && { 'content-range': `bytes ${startBytes}-${endBytes - 1}/${facts.lengthBytes}` }),
    });
  if (request.method === 'HEAD') {
    head().end();
    return;
  }
  const done = service.traffic.enter('read');
  try {
    await sendBytes(id, { startBytes, endBytes }, head, service);
  } catch (error) {
    if (error instanceof Refusal && error.code === 'chunk-damaged') service.onDamage(id);
    throw error;
  } finally {
    done();
  }
}

async function sendBytes(id: string, range: ByteRange, head: () => ServerResponse, service: ObjectService): Promise<void> {
  const reader = await service.volume.openRead(id);
  try {
    const pieces = readVerified(reader, range);
    const first = await pieces.next(); // before the head: a copy that is bad from its first byte on gets a clean 500
    if (first.done) head().end();
    else await pipeline(startingWith(first.value, pieces), head()); // a later block that is wrong destroys the socket
  } finally {
    reader.release();
  }
}

async function* startingWith(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}
