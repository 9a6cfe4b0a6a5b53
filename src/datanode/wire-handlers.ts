import type { ChunkReader } from '../chunks/chunk-reader.js';
import type { Volume } from '../chunks/volume.js';
import { blockSizeBytes, chunkSizeBytesMax, restObjectSizeBytesMax } from '../model/limits.js';
import type { Handlers, ServerReply, ServerRequest } from '../wire/api.js';
import { receiveChunk } from './receive-chunk.js';
import type { Traffic } from './traffic.js';

export interface WireHandlersOptions {
  volume: Volume;
  traffic: Traffic;
}

/** What a datanode answers to gateways, the master and its peers. */
export function createWireHandlers({ volume, traffic }: WireHandlersOptions): Handlers<'datanode'> {
  return {
    async putChunk(request) {
      const done = traffic.enter('write');
      try {
        return await putChunk(volume, request);
      } finally {
        done();
      }
    },
    async getChunk(request) {
      const done = traffic.enter('read');
      let reader: ChunkReader;
      try {
        reader = await volume.openRead(request.head.id);
      } catch (error) {
        done();
        throw error;
      }
      if (reader.packed === null) return sendExtent(reader, request, done);
      reader.release();
      done();
      const { id, lengthBytes, crc32c } = reader.facts;
      return { head: { id, lengthBytes, crc32c, blockCount: 0, bodyStartBytes: 0, bodyEndBytes: lengthBytes }, body: [reader.packed] };
    },
    ping: () => Promise.resolve({ head: { nodeId: volume.nodeId } }),
  };
}

async function putChunk(volume: Volume, request: ServerRequest<'putChunk'>): Promise<ServerReply<'putChunk'>> {
  const { id, kind, generation, origin } = request.head;
  const whole = request.body.takeWhole();
  if (whole !== null) {
    // A frame holds no more than a packed chunk does. Most chunks are so small: they are spared what a stream costs
    const { lengthBytes, crc32c } = request.trailer();
    await volume.putPacked({ id, kind, generation, origin, lengthBytes, crc32c }, whole, 'repeatable');
  } else {
    await receiveChunk(request.body, {
      volume,
      chunk: { id, kind, generation, origin },
      mode: 'repeatable',
      lengthBytesMax: kind === 'chunk' ? chunkSizeBytesMax : restObjectSizeBytesMax,
      facts: () => Promise.resolve(request.trailer()),
    });
  }
  const { lengthBytes, crc32c } = request.trailer();
  return { head: { id, lengthBytes, crc32c, nodeId: volume.nodeId } };
}

/** An extent's bytes are sent as they lie on the disk, with the list of their CRCs: the reader checks, and knows whom to report. */
function sendExtent(reader: ChunkReader, request: ServerRequest<'getChunk'>, done: () => void): ServerReply<'getChunk'> {
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    reader.release();
    done();
  };
  const { id, lengthBytes, crc32c } = reader.facts;
  const blockCount = reader.blockCrcs.length;
  const startBytes = Math.min(request.head.startBytes, lengthBytes);
  const endBytes = Math.max(startBytes, Math.min(request.head.endBytes ?? lengthBytes, lengthBytes));
  const bodyStartBytes = Math.floor(startBytes / blockSizeBytes) * blockSizeBytes;
  const bodyEndBytes = Math.min(lengthBytes, Math.ceil(endBytes / blockSizeBytes) * blockSizeBytes);
  const body = new ExtentBody(reader, { startBytes: bodyStartBytes, endBytes: bodyEndBytes }, end);
  // A caller that is gone before the first byte never asks for the body.
  const onAbort = (): void => body.abandon();
  request.signal.addEventListener('abort', onAbort, { once: true });
  if (request.signal.aborted) onAbort();
  return { head: { id, lengthBytes, crc32c, blockCount, bodyStartBytes, bodyEndBytes }, body, onSent: (bytes) => reader.giveBack(bytes) };
}

/** The list of block CRCs, then the bytes of a range; `end` is called once, when it was read or is given up. */
class ExtentBody implements AsyncIterable<Buffer> {
  readonly #reader: ChunkReader;
  readonly #range: { startBytes: number; endBytes: number };
  readonly #end: () => void;
  #started = false;

  constructor(reader: ChunkReader, range: { startBytes: number; endBytes: number }, end: () => void) {
    this.#reader = reader;
    this.#range = range;
    this.#end = end;
  }

  /** Once reading has begun, its end is the end. */
  abandon(): void {
    if (!this.#started) this.#end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    this.#started = true;
    try {
      const { blockCrcs } = this.#reader;
      const list = Buffer.allocUnsafe(blockCrcs.length * 4);
      for (const [index, crc] of blockCrcs.entries()) list.writeUInt32LE(crc, index * 4);
      yield list;
      const { startBytes, endBytes } = this.#range;
      if (startBytes < endBytes) yield* this.#reader.read(startBytes, endBytes);
    } finally {
      this.#end();
    }
  }
}
