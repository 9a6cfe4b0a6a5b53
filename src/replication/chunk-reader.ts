import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import type { ByteRange } from '../model/byte-range.js';
import type { ManifestChunk, ManifestPage } from '../model/object.js';
import type { View, ViewNode } from '../model/node.js';
import { Refusal } from '../model/refusal.js';
import { Unreachable } from '../wire/api.js';
import type { Datanodes } from './datanodes.js';
import { orderReplicas } from './replica-order.js';
import { readLimits, readReplica, type ReadLimits } from './replica-read.js';

/** A copy that a node has not, or not as it was stored. */
export interface BadReplica {
  id: string;
  nodeId: string;
  problem: 'missing' | 'damaged';
}

export interface ChunkReaderOptions {
  datanodes: Datanodes;
  view: () => View;
  /** Nodes here are asked first. */
  zone: string | null;
  /** Told once per read and copy; must not throw. */
  onBadReplica: (replica: BadReplica) => void;
  limits?: Partial<ReadLimits>;
}

export interface ReadableObject {
  /** The page of the manifest at hand; another is fetched when it does not have the range. */
  manifest: ManifestPage;
  /** The manifest from an offset in the object on, as the master knows it now. */
  manifestFrom: (offsetBytes: number) => Promise<ManifestPage>;
}

/** How often a read of one chunk goes on with another copy before it is refused. */
const switchesMax = 64;

/** The last failure of a copy, and what is known against it since the read began. */
interface Failure {
  atBytes: number;
  problem: BadReplica['problem'] | null;
}

interface Parts {
  clock: Clock;
  random: Random;
  log: Log;
}

/** Reads objects off datanodes; a node that fails is followed by the next at the same byte (DESIGN section 5, GET). */
export class ChunkReader {
  readonly #options: ChunkReaderOptions;
  readonly #limits: ReadLimits;
  readonly #parts: Parts;

  constructor(options: ChunkReaderOptions, parts: Parts) {
    this.#options = options;
    this.#limits = { ...readLimits, ...options.limits };
    this.#parts = parts;
  }

  /** Bytes [startBytes, endBytes) of an object, all checked. Throws `Refusal('replicas-unreadable')`. */
  read(object: ReadableObject, range: ByteRange): AsyncIterable<Buffer> {
    const { startBytes, endBytes } = range;
    const first = chunkAt(object.manifest, startBytes);
    // The usual case needs no more than one chunk of one page, and so no generator around its own
    if (first !== null && endBytes <= first.objectOffsetBytes + first.useBytes) return this.#readChunk(object, first, range);
    return this.#readObject(object, range);
  }

  async *#readObject(object: ReadableObject, { startBytes, endBytes }: ByteRange): AsyncGenerator<Buffer, void, void> {
    let page = object.manifest;
    for (let at = startBytes; at < endBytes;) {
      let chunk = chunkAt(page, at);
      if (chunk === null) {
        page = await object.manifestFrom(at);
        chunk = chunkAt(page, at);
        if (chunk === null) throw new Refusal('replicas-unreadable', 'The manifest has a gap.');
      }
      const end = Math.min(endBytes, chunk.objectOffsetBytes + chunk.useBytes);
      yield* this.#readChunk(object, chunk, { startBytes: at, endBytes: end });
      at = end;
    }
  }

  /** One chunk's part of an object range. */
  async *#readChunk(object: ReadableObject, chunk: ManifestChunk, range: ByteRange): AsyncGenerator<Buffer, void, void> {
    const { datanodes, view } = this.#options;
    const toChunkBytes = chunk.skipBytes - chunk.objectOffsetBytes;
    const endBytes = range.endBytes + toChunkBytes;
    let at = range.startBytes + toChunkBytes;
    const failures = new Map<string, Failure>();
    let { nodeNumbers } = chunk;
    let isFresh = false;
    for (let switches = 0; switches <= switchesMax;) {
      const node = this.#next(nodeNumbers, failures, at);
      if (node === null) {
        if (isFresh) break;
        isFresh = true;
        nodeNumbers = await freshNodeNumbers(object, chunk);
        // Who said nothing of its copy is asked once more
        for (const [nodeId, { problem }] of failures) if (problem === null) failures.delete(nodeId);
        continue;
      }
      try {
        const replica = readReplica(
          datanodes.in(view(), node),
          chunk,
          { startBytes: at, endBytes },
          { clock: this.#parts.clock, limits: this.#limits },
        );
        for await (const bytes of replica) {
          at += bytes.length;
          yield bytes;
        }
        return;
      } catch (error) {
        if (!(error instanceof Refusal || error instanceof Unreachable)) throw error;
        this.#failed(chunk, node, { error, atBytes: at }, failures);
        switches += 1;
      }
    }
    throw new Refusal('replicas-unreadable');
  }

  /** The best node that has not failed at this byte. */
  #next(nodeNumbers: number[], failures: ReadonlyMap<string, Failure>, atBytes: number): ViewNode | null {
    const { datanodes, view, zone } = this.#options;
    const nodes = orderReplicas(view(), nodeNumbers, { datanodes, zone, random: this.#parts.random });
    return nodes.find(({ nodeId }) => isWorthAsking(failures.get(nodeId), atBytes)) ?? null;
  }

  #failed(
    chunk: ManifestChunk,
    node: ViewNode,
    { error, atBytes }: { error: Refusal | Unreachable; atBytes: number },
    failures: Map<string, Failure>,
  ): void {
    const { nodeId } = node;
    const problem = problemOf(error);
    this.#parts.log.warn(
      { chunk: chunk.id, node: nodeId, ...(problem !== null && { problem }), err: error },
      'a copy of a chunk could not be read',
    );
    const before = failures.get(nodeId)?.problem ?? null;
    failures.set(nodeId, { atBytes, problem: problem ?? before });
    if (problem !== null && before === null) this.#options.onBadReplica({ id: chunk.id, nodeId, problem });
  }
}

/** A copy with one damaged block has the others still: it is left out only at the byte where it failed. */
function isWorthAsking(failure: Failure | undefined, atBytes: number): boolean {
  return failure === undefined || (failure.problem !== 'missing' && failure.atBytes < atBytes);
}

/** Only what a node says of its own copy, or what its bytes say, is a word against that copy. */
function problemOf(error: Error): BadReplica['problem'] | null {
  if (!(error instanceof Refusal)) return null;
  if (error.code === 'chunk-unknown') return 'missing';
  return error.code === 'chunk-damaged' ? 'damaged' : null;
}

function chunkAt(page: ManifestPage, offsetBytes: number): ManifestChunk | null {
  for (const chunk of page.chunks) {
    if (chunk.objectOffsetBytes <= offsetBytes && offsetBytes < chunk.objectOffsetBytes + chunk.useBytes) return chunk;
  }
  return null;
}

async function freshNodeNumbers(object: ReadableObject, { id, objectOffsetBytes }: ManifestChunk): Promise<number[]> {
  const page = await object.manifestFrom(objectOffsetBytes);
  return page.chunks.find((chunk) => chunk.id === id)?.nodeNumbers ?? [];
}
