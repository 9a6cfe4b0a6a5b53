import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { parseUuid } from '../base/uuid.js';
import type { ByteRange } from '../model/byte-range.js';
import { Refusal } from '../model/refusal.js';
import { objectReadHeaders, planObjectRead } from '../model/object-read.js';
import type { ObjectService } from './object-service.js';
import { readVerified } from './verified-read.js';

/** `GET` and `HEAD /objects/{id}`. Every block is compared with its CRC before it is sent; a wrong one ends the connection. */
export async function getObject(request: IncomingMessage, response: ServerResponse, idText: string, service: ObjectService): Promise<void> {
  const id = parseUuid(idText);
  if (id === null) throw new Refusal('object-id-invalid');
  const facts = service.volume.facts(id);
  if (facts?.kind !== 'rest') throw new Refusal('object-unknown');

  const { status, headers, range } = planObjectRead(facts, objectReadHeaders(request.headers));
  if (status === 416) {
    response.setHeaders(new Headers(headers));
    throw new Refusal('range-not-satisfiable');
  }
  const head = () => response.writeHead(status, headers);
  if (request.method === 'HEAD' || range === null) {
    head().end();
    return;
  }
  const done = service.traffic.enter('read');
  try {
    await sendBytes(id, range, head, service);
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
