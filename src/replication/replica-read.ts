import type { Clock } from '../base/clock.js';
import { combineCrc32c, createCrc32cCombiner } from '../base/crc-combine.js';
import { crc32c } from '../base/crc32c.js';
import type { ByteRange } from '../model/byte-range.js';
import type { ChunkFacts } from '../model/chunk.js';
import { blockSizeBytes, packedSizeBytesMax } from '../model/limits.js';
import { Refusal } from '../model/refusal.js';
import { Unreachable, type IncomingBody } from '../wire/api.js';
import type { ResponseOf } from '../wire/verbs.js';
import type { Datanode } from './datanodes.js';

export interface ReadLimits {
  /** From asking a node to the head of its answer, and between two pieces of its body. */
  headMs: number;
  pieceMs: number;
}

export const readLimits: ReadLimits = { headMs: 5000, pieceMs: 5000 };

const combineBlock = createCrc32cCombiner(blockSizeBytes);

/** The copy on this node is not what was stored. */
function damaged(what: string): Refusal {
  return new Refusal('chunk-damaged', what);
}

/**
 * Bytes [startBytes, endBytes) of one copy of a chunk. Every byte is compared with the row's CRC before it is given out: a
 * packed chunk whole, an extent by its list of block CRCs, which is compared with the row before the first block.
 * Throws `Refusal('chunk-damaged')` for a copy that differs, what the node refused, or `Unreachable`.
 */
export async function* readReplica(
  datanode: Datanode,
  chunk: ChunkFacts,
  range: ByteRange,
  parts: { clock: Clock; limits: ReadLimits },
): AsyncGenerator<Buffer, void, void> {
  const leave = datanode.enter();
  try {
    const request = { id: chunk.id, startBytes: range.startBytes, endBytes: range.endBytes };
    const { head, body } = await datanode.client.call('getChunk', request, { timeoutMs: parts.limits.headMs });
    const pieces = new Pieces(body, parts);
    try {
      if (head.id !== chunk.id || head.lengthBytes !== chunk.lengthBytes || head.crc32c !== chunk.crc32c) {
        throw damaged('the node has another chunk under this id');
      }
      if (head.blockCount === 0) yield* await readPacked(pieces, chunk, range);
      else yield* readBlocks(pieces, head, range);
    } finally {
      body.discard();
    }
  } finally {
    leave();
  }
}

/** A body's pieces; a node that sends nothing for too long is as good as gone. */
class Pieces {
  readonly #body: IncomingBody;
  readonly #parts: { clock: Clock; limits: ReadLimits };
  #left: Buffer | null = null;

  constructor(body: IncomingBody, parts: { clock: Clock; limits: ReadLimits }) {
    this.#body = body;
    this.#parts = parts;
  }

  /** The next piece, at most so long. Throws when there is none. */
  async next(bytesMax: number): Promise<Buffer> {
    const piece = this.#left ?? (await this.#read());
    if (piece === null) throw damaged('the copy is shorter than its chunk');
    this.#left = piece.length > bytesMax ? piece.subarray(bytesMax) : null;
    return this.#left === null ? piece : piece.subarray(0, bytesMax);
  }

  async #read(): Promise<Buffer | null> {
    const { clock, limits } = this.#parts;
    let isLate = false;
    const timer = clock.setTimer(limits.pieceMs, () => {
      isLate = true;
      this.#body.discard();
    });
    try {
      return await this.#body.read();
    } catch (error) {
      throw isLate ? new Unreachable(`nothing came within ${limits.pieceMs} ms`) : error;
    } finally {
      timer.cancel();
    }
  }
}

async function readPacked(pieces: Pieces, chunk: ChunkFacts, range: ByteRange): Promise<Buffer[]> {
  if (chunk.lengthBytes > packedSizeBytesMax) throw damaged('a chunk of this size is not packed');
  const whole: Buffer[] = [];
  let crc = 0;
  for (let left = chunk.lengthBytes; left > 0;) {
    const piece = await pieces.next(left);
    crc = crc32c(piece, crc);
    left -= piece.length;
    whole.push(piece);
  }
  if (crc !== chunk.crc32c) throw damaged('the bytes have another CRC');
  return cut(whole, 0, range);
}

/** Gives out the bytes of a block when its last one has been checked: of a piece with several blocks all that it ends, at once. */
async function* readBlocks(pieces: Pieces, head: ResponseOf<'getChunk'>, range: ByteRange): AsyncGenerator<Buffer, void, void> {
  const blockCrcs = await readBlockCrcs(pieces, head);
  const { lengthBytes, bodyStartBytes } = head;
  const firstBlock = Math.floor(range.startBytes / blockSizeBytes);
  if (bodyStartBytes !== firstBlock * blockSizeBytes || head.bodyEndBytes < range.endBytes) throw damaged('the node sends another range');
  const endBytes = Math.min(lengthBytes, Math.ceil(range.endBytes / blockSizeBytes) * blockSizeBytes);
  let block = firstBlock;
  let crc = 0;
  let unchecked: Buffer[] = [];
  let checkedToBytes = bodyStartBytes;
  for (let at = bodyStartBytes; at < endBytes;) {
    const piece = await pieces.next(endBytes - at);
    let soundBytes = 0;
    let isSound = true;
    for (let from = 0; from < piece.length && isSound;) {
      const blockEndBytes = Math.min(lengthBytes, (block + 1) * blockSizeBytes);
      const part = piece.subarray(from, blockEndBytes - at);
      crc = crc32c(part, crc);
      from += part.length;
      if (at + from < blockEndBytes) break;
      isSound = crc === blockCrcs[block];
      if (isSound) soundBytes = from;
      block += 1;
      crc = 0;
    }
    if (soundBytes > 0) {
      yield* cut([...unchecked, piece.subarray(0, soundBytes)], checkedToBytes, range);
      unchecked = [];
      checkedToBytes = at + soundBytes;
    }
    // Only behind the sound ones: the other copy is asked from here on
    if (!isSound) throw damaged('a block has another CRC');
    if (soundBytes < piece.length) unchecked.push(piece.subarray(soundBytes));
    at += piece.length;
  }
}

async function readBlockCrcs(pieces: Pieces, { lengthBytes, crc32c: wholeCrc, blockCount }: ResponseOf<'getChunk'>): Promise<Uint32Array> {
  if (blockCount !== Math.ceil(lengthBytes / blockSizeBytes)) throw damaged('the list of CRCs has another length');
  const list = Buffer.allocUnsafe(blockCount * 4);
  for (let at = 0; at < list.length;) at += (await pieces.next(list.length - at)).copy(list, at);
  const crcs = new Uint32Array(blockCount);
  let crc = 0;
  const lastIndex = blockCount - 1;
  for (let index = 0; index < blockCount; index += 1) {
    const blockCrc = list.readUInt32LE(index * 4);
    crcs[index] = blockCrc;
    crc = index < lastIndex ? combineBlock(crc, blockCrc) : combineCrc32c(crc, blockCrc, lengthBytes - lastIndex * blockSizeBytes);
  }
  if (crc !== wholeCrc) throw damaged('the list of CRCs belongs to other bytes');
  return crcs;
}

/** The part of `pieces`, which begin at `offsetBytes`, that lies in the range; views, no copies. */
function cut(pieces: Buffer[], offsetBytes: number, { startBytes, endBytes }: ByteRange): Buffer[] {
  const inside: Buffer[] = [];
  let at = offsetBytes;
  for (const piece of pieces) {
    const from = Math.max(0, startBytes - at);
    const to = Math.min(piece.length, endBytes - at);
    if (from < to) inside.push(from === 0 && to === piece.length ? piece : piece.subarray(from, to));
    at += piece.length;
  }
  return inside;
}
