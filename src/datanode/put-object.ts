import type { IncomingMessage, ServerResponse } from 'node:http';
import { crc32c } from '../base/crc32c.js';
import { parseUuidV4 } from '../base/uuid.js';
import type { ChunkFacts } from '../model/chunk.js';
import { restObjectSizeBytesMax } from '../model/limits.js';
import { Refusal } from '../model/refusal.js';
import { objectEtag } from '../model/object-etag.js';
import type { ObjectMaster, ObjectService } from './object-service.js';
import { receiveChunk, type ChunkSource } from './receive-chunk.js';

/** `PUT /objects/{id}`: stores the body under an id that is free, and says 201 when it is durable and, with a master, known to it. */
export async function putObject(request: IncomingMessage, response: ServerResponse, idText: string, service: ObjectService): Promise<void> {
  const id = parseUuidV4(idText);
  if (id === null) throw new Refusal('object-id-invalid');
  const lengthBytes = contentLength(request);
  const done = service.traffic.enter('write');
  try {
    if (service.volume.facts(id) && service.master?.reports.has(id) !== true) throw new Refusal('object-exists');
    // What can be refused is refused before a client that expects 100-continue sends its body.
    if (request.headers.expect !== undefined) response.writeContinue();
    const body = new ObjectBody(request, lengthBytes);
    const facts = service.master === null ? await store(id, 0, body, service) : await storeAndReport(id, body, service, service.master);
    response.writeHead(201, { etag: objectEtag(facts), 'content-length': 0 }).end();
  } finally {
    done();
  }
}

async function store(id: string, generation: number, body: ObjectBody, service: ObjectService): Promise<ChunkFacts> {
  const origin = { bucketId: null, key: null, partNumber: null, index: 0 };
  await receiveChunk(body, {
    volume: service.volume,
    chunk: { id, kind: 'rest', generation, origin },
    mode: 'exclusive',
    lengthBytesMax: restObjectSizeBytesMax,
    facts: () => Promise.resolve(body.facts()),
  });
  return { id, ...body.facts() };
}

async function storeAndReport(id: string, body: ObjectBody, service: ObjectService, master: ObjectMaster): Promise<ChunkFacts> {
  const report = master.reports.hold(id);
  try {
    await report.marked;
    const generation = master.generation();
    try {
      if (!service.volume.facts(id)) await store(id, generation, body, service);
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'object-exists')) throw error;
      // Another upload of this id was faster; the report is still open for the one that is told 201.
    }
    await body.skipRest();
    const facts = service.volume.facts(id);
    const { lengthBytes, crc32c } = body.facts();
    if (facts?.lengthBytes !== lengthBytes || facts.crc32c !== crc32c) throw new Refusal('object-exists');
    const earned = await report.earn(() => master.reportChunk({ id, lengthBytes, crc32c, generation: facts.generation }));
    if (!earned) throw new Refusal('object-exists');
    return facts;
  } finally {
    master.reports.release(id, report);
  }
}

function contentLength(request: IncomingMessage): number {
  const text = request.headers['content-length'];
  if (text === undefined) throw new Refusal('length-required');
  const lengthBytes = Number(text); // digits only: Node's parser has seen to it
  if (lengthBytes > restObjectSizeBytesMax) throw new Refusal('object-too-large');
  return lengthBytes;
}

/** A request body that counts itself. */
class ObjectBody implements ChunkSource {
  readonly #pieces: AsyncIterator<Buffer>;
  readonly #expectedBytes: number;
  #lengthBytes = 0;
  #crc = 0;

  constructor(request: IncomingMessage, expectedBytes: number) {
    this.#pieces = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
    this.#expectedBytes = expectedBytes;
  }

  async read(): Promise<Buffer | null> {
    let next: IteratorResult<Buffer, unknown>;
    try {
      next = await this.#pieces.next();
    } catch (error) {
      throw new Refusal('body-incomplete', `The connection broke after ${this.#lengthBytes} bytes: ${(error as Error).message}`);
    }
    if (next.done) return null;
    this.#lengthBytes += next.value.length;
    this.#crc = crc32c(next.value, this.#crc);
    return next.value;
  }

  /** Reads to the end without keeping anything. */
  async skipRest(): Promise<void> {
    for (let bytes = await this.read(); bytes !== null; bytes = await this.read());
  }

  /** Of the whole body, after its end. */
  facts(): { lengthBytes: number; crc32c: number } {
    if (this.#lengthBytes !== this.#expectedBytes) throw new Refusal('body-incomplete');
    return { lengthBytes: this.#lengthBytes, crc32c: this.#crc };
  }
}
