import { blockSizeBytes } from '../model/limits.js';
import { Refusal } from '../model/refusal.js';
import { firstWrongBlock } from './block-crcs.js';
import type { ChunkIndex, IndexEntry } from './chunk-index.js';
import type { ChunkReader } from './chunk-reader.js';

export interface ScrubResult {
  checkedChunks: number;
  checkedBytes: number;
  /** Chunks whose copy here is unreadable or wrong. It is kept until a good one replaces it. */
  damagedIds: string[];
  /** The walk came to the end of the index; the next call begins anew. */
  passDone: boolean;
}

/** What the walk needs from its volume. */
export interface ScrubParts {
  index: ChunkIndex;
  open: (id: string) => Promise<ChunkReader>;
  /** A block of an extent is not what its footer says. */
  onDamage: (id: string, entry: IndexEntry, problem: string) => void;
}

/** Walks over all chunks, part of the index by part, and reads every byte. */
export class Scrubber {
  readonly #parts: ScrubParts;
  #shard = 0;
  #waiting: string[] = [];

  constructor(parts: ScrubParts) {
    this.#parts = parts;
  }

  /** Checks the next chunks, until `budgetBytes` are read or the walk is at its end. Rejects with the reason of `signal`. */
  async once(budgetBytes: number, signal?: AbortSignal): Promise<ScrubResult> {
    const result: ScrubResult = { checkedChunks: 0, checkedBytes: 0, damagedIds: [], passDone: false };
    while (result.checkedBytes < budgetBytes) {
      signal?.throwIfAborted();
      const id = this.#next();
      if (id === null) {
        result.passDone = true;
        break;
      }
      const lengthBytes = this.#parts.index.find(id)?.lengthBytes ?? 0;
      const verdict = await this.verify(id);
      if (verdict === 'unknown') continue; // deleted since the walk took it up
      result.checkedChunks += 1;
      result.checkedBytes += lengthBytes;
      if (verdict === 'damaged') result.damagedIds.push(id);
    }
    return result;
  }

  /** Reads one chunk whole. */
  async verify(id: string): Promise<'sound' | 'damaged' | 'unknown'> {
    const entry = this.#parts.index.find(id);
    if (entry === null) return 'unknown';
    let reader: ChunkReader;
    try {
      reader = await this.#parts.open(id);
    } catch (error) {
      return verdictOf(error);
    }
    try {
      const problem = await wrongBlock(reader);
      if (problem === null) return 'sound';
      this.#parts.onDamage(id, entry, problem);
      return 'damaged';
    } catch (error) {
      return verdictOf(error);
    } finally {
      reader.release();
    }
  }

  #next(): string | null {
    while (this.#waiting.length === 0) {
      if (this.#shard === this.#parts.index.shardCount) {
        this.#shard = 0;
        return null;
      }
      this.#waiting = this.#parts.index
        .shardEntries(this.#shard)
        .map((entry) => entry.id)
        .reverse();
      this.#shard += 1;
    }
    return this.#waiting.pop() ?? null;
  }
}

async function wrongBlock(reader: ChunkReader): Promise<string | null> {
  let offsetBytes = 0;
  for await (const bytes of reader.read(0, reader.facts.lengthBytes)) {
    if (reader.blockCrcs.length === 0) return null; // packed: checked when it was opened
    const block = firstWrongBlock(bytes, reader.blockCrcs, offsetBytes / blockSizeBytes);
    if (block !== null) return `block ${block} is wrong`;
    offsetBytes += bytes.length;
    reader.giveBack(bytes);
  }
  return null;
}

function verdictOf(error: unknown): 'damaged' | 'unknown' {
  if (error instanceof Refusal && error.code === 'chunk-damaged') return 'damaged';
  if (error instanceof Refusal && error.code === 'chunk-unknown') return 'unknown';
  throw error;
}
