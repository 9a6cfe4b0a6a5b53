import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { PutMode } from '../chunks/chunk-store.js';
import type { Volume } from '../chunks/volume.js';
import { Refusal, type RefusalCode } from '../model/refusal.js';
import { Unreachable, type IncomingBody, type WireClient } from '../wire/api.js';
import type { Order, OrderOutcome } from '../wire/verbs.js';
import { receiveChunk, type ChunkSource } from './receive-chunk.js';
import { verifyChunk } from './verify-chunk.js';

/** From asking a peer to its head, and between two pieces of its body: a peer that is slower is given up. */
const headMsMax = 10_000;
const pieceMsMax = 30_000;

export type CopyOrder = Extract<Order, { kind: 'copy' }>;

export interface CopyParts {
  volume: Volume;
  /** The connection to another datanode. */
  peer: (source: CopyOrder['sources'][number]) => WireClient;
  reportReplica: (id: string, nodeId: string, problem: 'missing' | 'damaged') => void;
  clock: Clock;
  log: Log;
}

/**
 * Pulls a chunk from the first source whose bytes are what the order says; its facts come from the metadata, never from
 * a peer. A copy that is here already counts only when every byte of it is sound. A bad one may be the last that has
 * its sound blocks: it stays until the bytes of a peer were all verified and take its place.
 */
export async function copyChunk(order: CopyOrder, parts: CopyParts, signal: AbortSignal): Promise<OrderOutcome> {
  const here = await verifyChunk(parts.volume, order, true);
  if (here === 'done') return 'done';
  for (const source of order.sources) {
    signal.throwIfAborted();
    try {
      const outcome = await pull(order, source, { ...parts, mode: here === 'damaged' ? 'repair' : 'repeatable' }, signal);
      // Not ours: somebody stored one meanwhile, or the bad one was moved by compaction before it was marked
      return outcome === 'stored' ? 'done' : await verifyChunk(parts.volume, order, true);
    } catch (error) {
      const verdict = judge(error);
      if (verdict === 'full') return 'full';
      if (verdict === 'here') throw error;
      parts.log.warn({ id: order.id, source: source.nodeId, err: error }, 'a source of a copy failed');
      if (verdict !== 'unreachable') parts.reportReplica(order.id, source.nodeId, verdict);
    }
  }
  return 'unreachable';
}

type Verdict = 'missing' | 'damaged' | 'unreachable' | 'full' | 'here';

/** What a refusal says: about the source's copy, about room on this volume, or that this node takes nothing. */
const verdicts: Partial<Record<RefusalCode, Verdict>> = {
  'chunk-unknown': 'missing',
  'chunk-damaged': 'damaged',
  'chunk-crc-wrong': 'damaged',
  'chunk-length-wrong': 'damaged',
  'object-too-large': 'damaged',
  'storage-full': 'full',
  'node-closed': 'here',
};

/** Every other refusal is the peer's: nothing is known about its copy. What is no refusal is trouble on this node. */
function judge(error: unknown): Verdict {
  if (error instanceof Refusal) return verdicts[error.code] ?? 'unreachable';
  return error instanceof Unreachable ? 'unreachable' : 'here';
}

async function pull(
  order: CopyOrder,
  source: CopyOrder['sources'][number],
  parts: CopyParts & { mode: PutMode },
  signal: AbortSignal,
): Promise<'stored' | 'repeated'> {
  const { id, lengthBytes, crc32c } = order;
  const request = { id, startBytes: 0, endBytes: null };
  const { head, body } = await parts.peer(source).call('getChunk', request, { timeoutMs: headMsMax, signal });
  try {
    if (head.lengthBytes !== lengthBytes || head.crc32c !== crc32c)
      throw new Refusal('chunk-damaged', 'the source has another chunk under this id');
    return await receiveChunk(new ReplyBytes(body, { skipBytes: head.blockCount * 4, clock: parts.clock, signal }), {
      volume: parts.volume,
      chunk: {
        id,
        kind: order.chunkKind,
        generation: order.generation,
        origin: { bucketId: null, key: null, partNumber: null, index: 0 },
      },
      mode: parts.mode,
      lengthBytesMax: lengthBytes,
      facts: () => Promise.resolve({ lengthBytes, crc32c }),
    });
  } finally {
    body.discard();
  }
}

/** The chunk's bytes in a reply of `getChunk`: the list of block CRCs before them is passed over. */
class ReplyBytes implements ChunkSource {
  readonly #body: IncomingBody;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #skipBytes: number;

  constructor(body: IncomingBody, options: { skipBytes: number; clock: Clock; signal: AbortSignal }) {
    this.#body = body;
    this.#clock = options.clock;
    this.#signal = options.signal;
    this.#skipBytes = options.skipBytes;
  }

  async read(): Promise<Buffer | null> {
    for (;;) {
      const bytes = await this.#piece();
      if (bytes === null || this.#skipBytes === 0) return bytes;
      const skip = Math.min(this.#skipBytes, bytes.length);
      this.#skipBytes -= skip;
      if (skip < bytes.length) return bytes.subarray(skip);
    }
  }

  /** A peer that sends nothing for too long is as good as gone. */
  #piece(): Promise<Buffer | null> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(this.#signal.reason as Error);
      const timer = this.#clock.setTimer(pieceMsMax, () => reject(new Unreachable('the source stopped sending')));
      const settle = (): void => {
        timer.cancel();
        this.#signal.removeEventListener('abort', giveUp);
      };
      this.#signal.addEventListener('abort', giveUp, { once: true });
      this.#body.read().finally(settle).then(resolve, reject);
    });
  }
}
