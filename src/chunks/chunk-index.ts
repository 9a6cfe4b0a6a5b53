import { assert } from '../base/assert.js';
import { must } from '../base/must.js';
import type { Random } from '../base/random.js';
import type { ChunkFacts, ChunkKind } from '../model/chunk.js';
import { baseOf, BlockPool, compareIds, IndexShard, readId, writeId } from './index-shard.js';

const shardCount = 256;
const damagedFlag = 4;
const restFlag = 2;
const extentFlag = 1;
const handleMask = 0xff_ffff;
const twoTo32 = 2 ** 32;
/** One page of `idsAfter` is cut from a sorted stretch of so many ids, so that not each page walks the whole index. */
const stretchIdsMax = 8192;

/** Where the record of a chunk stands. */
export interface Place {
  /** Handle of the segment, given anew in each run; 1 to 2^24 - 1. */
  segment: number;
  /** Of the record's header in the segment; a multiple of 8, never 0. */
  offset: number;
}

export interface IndexEntry extends Place {
  lengthBytes: number;
  crc32c: number;
  generation: number;
  kind: ChunkKind;
  /** The bytes stand in a file of their own, the record only names it. */
  extent: boolean;
  /** The copy was found unreadable; it is kept until a good one replaces it. */
  damaged: boolean;
}

/** One record as loading sees it; millions of them come by in one and the same object. */
export interface LoadedRecord extends IndexEntry {
  /** The four words of its id. */
  key: Uint32Array;
  sequence: number;
  recordBytes: number;
  tombstone: boolean;
}

/**
 * Chunk id → place and facts, for millions of chunks outside the JavaScript heap: 256 open-addressing tables of
 * 36 bytes an entry, each growing by itself, so that no growth stalls the process; their blocks are shared. Order of
 * hashing is secret per run, so ids chosen by clients cannot be made to collide.
 */
export class ChunkIndex {
  readonly #shards: IndexShard[];
  readonly #key = new Uint32Array(4);
  readonly #seeds: Uint32Array;
  #stretch: { after: string; ids: string[]; last: boolean } | null = null;
  #liveBytes = 0;

  constructor(random: Random, expectedCount = 0) {
    const seeds = random.bytes(8);
    this.#seeds = new Uint32Array([seeds.readUInt32LE(0), seeds.readUInt32LE(4)]);
    const pool = new BlockPool();
    const expectedInShard = Math.ceil((expectedCount / shardCount) * 1.02);
    this.#shards = Array.from({ length: shardCount }, () => new IndexShard(this.#seeds, pool, expectedInShard));
  }

  get count(): number {
    let count = 0;
    for (const shard of this.#shards) count += shard.count;
    return count;
  }

  /** Sum of the lengths of all chunks. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  find(id: string): IndexEntry | null {
    const shard = this.#shardOf(id);
    const slot = shard.find(this.#key);
    return slot < 0 ? null : readEntry(shard.blockOf(slot), baseOf(slot));
  }

  /** Enters the chunk, in place of what stood under its id. */
  set(id: string, entry: IndexEntry): void {
    assert(entry.offset > 0 && entry.offset % 8 === 0 && entry.segment > 0 && entry.segment <= handleMask, 'a place has a segment');
    const shard = this.#shardOf(id);
    let slot = shard.find(this.#key);
    if (slot < 0) slot = shard.insert(this.#key);
    else this.#liveBytes -= lengthOf(shard.blockOf(slot), baseOf(slot));
    writeEntry(shard.blockOf(slot), baseOf(slot), entry);
    this.#liveBytes += entry.lengthBytes;
  }

  /** Follows a record that compaction copied; false when the chunk is no longer at `from`. */
  repoint(id: string, from: Place, to: Place): boolean {
    const entry = this.find(id);
    if (entry === null || entry.segment !== from.segment || entry.offset !== from.offset) return false;
    this.set(id, { ...entry, ...to });
    return true;
  }

  /** False when the chunk is no longer at that place, or was marked before. */
  markDamaged(id: string, place: Place): boolean {
    const entry = this.find(id);
    if (entry === null || entry.damaged || entry.segment !== place.segment || entry.offset !== place.offset) return false;
    this.set(id, { ...entry, damaged: true });
    return true;
  }

  remove(id: string): void {
    const shard = this.#shardOf(id);
    const slot = shard.find(this.#key);
    if (slot < 0) return;
    this.#liveBytes -= lengthOf(shard.blockOf(slot), baseOf(slot));
    shard.remove(slot);
  }

  // ---- loading at start: records come in any order, the highest sequence of an id wins, tombstones included

  /**
   * Takes in one record. `account` hears which segment gained or lost live bytes by it. Of two records with one
   * sequence (a cut in compaction leaves them) the later loaded wins.
   */
  load(record: LoadedRecord, account: (segment: number, deltaBytes: number) => void): void {
    const shard = this.#shardOfKey(record.key);
    let slot = shard.find(record.key);
    if (slot < 0) slot = shard.insert(record.key);
    else {
      const { sequences, recordBytes } = shard.loading();
      if (sequences[slot]! > record.sequence) return;
      const previous = readEntry(shard.blockOf(slot), baseOf(slot));
      if (previous.offset !== 0) account(previous.segment, -recordBytes[slot]!);
    }
    const { sequences, recordBytes } = shard.loading(); // after the insertion, which may have made it anew
    const words = shard.blockOf(slot);
    const base = baseOf(slot);
    writeEntry(words, base, record);
    if (record.tombstone) words[base + 5] = 0; // no place
    else account(record.segment, record.recordBytes);
    sequences[slot] = record.sequence;
    recordBytes[slot] = record.recordBytes;
  }

  /** Drops what only loading needed, tombstones too. */
  finishLoading(): void {
    for (const shard of this.#shards) {
      shard.finishLoading((words, base) => words[base + 5]! >>> 3 !== 0);
      for (let slot = 0; slot < shard.capacity; slot += 1) {
        if (shard.isUsed(slot)) this.#liveBytes += lengthOf(shard.blockOf(slot), baseOf(slot));
      }
    }
  }

  // ---- walks

  readonly shardCount = shardCount;

  /** The chunks of one of `shardCount` parts, in the order of their places: how scrub walks without seeking. */
  shardEntries(shardNumber: number): (IndexEntry & { id: string })[] {
    const shard = must(this.#shards[shardNumber], 'a shard of the index');
    const found: (IndexEntry & { id: string })[] = [];
    for (let slot = 0; slot < shard.capacity; slot += 1) {
      if (!shard.isUsed(slot)) continue;
      const words = shard.blockOf(slot);
      const base = baseOf(slot);
      found.push({ id: readId(words, base), ...readEntry(words, base) });
    }
    return found.sort((a, b) => a.segment - b.segment || a.offset - b.offset);
  }

  /** Up to `limit` chunks whose id sorts after `afterId`, ascending. What is added meanwhile may be passed over once. */
  idsAfter(afterId: string | null, limit: number): ChunkFacts[] {
    const found: ChunkFacts[] = [];
    let after = afterId ?? '';
    while (found.length < limit) {
      const stretch = this.#stretchAfter(after);
      for (const id of stretch.ids) {
        if (id <= after) continue;
        const entry = this.find(id);
        if (entry === null) continue;
        found.push({ id, lengthBytes: entry.lengthBytes, crc32c: entry.crc32c });
        if (found.length === limit) return found;
      }
      if (stretch.last) return found;
      after = must(stretch.ids.at(-1), 'a stretch that is not the last has ids');
    }
    return found;
  }

  #stretchAfter(after: string): { ids: string[]; last: boolean } {
    const known = this.#stretch;
    // Only a stretch that a walk is in the middle of is used again: a walk that begins sees the index as it is.
    const lastId = known?.ids.at(-1);
    if (known !== null && lastId !== undefined && after > known.after && after < lastId) return known;
    let ids: string[] = [];
    let dropped = false;
    const lower = new Uint32Array(4);
    const upper = new Uint32Array(4).fill(0xffff_ffff);
    if (after !== '') writeId(lower, after);
    const keepSmallest = (): void => {
      ids.sort();
      if (ids.length <= stretchIdsMax) return;
      ids = ids.slice(0, stretchIdsMax);
      writeId(upper, must(ids.at(-1), 'the largest id that is kept'));
      dropped = true;
    };
    for (const shard of this.#shards) {
      for (let slot = 0; slot < shard.capacity; slot += 1) {
        const words = shard.blockOf(slot);
        const base = baseOf(slot);
        if (!shard.isUsed(slot) || compareIds(words, base, lower) <= 0 || compareIds(words, base, upper) > 0) continue;
        ids.push(readId(words, base));
      }
      if (ids.length > stretchIdsMax * 2) keepSmallest();
    }
    keepSmallest();
    this.#stretch = { after, ids, last: !dropped };
    return this.#stretch;
  }

  /** Leaves the words of the id in `#key`. */
  #shardOf(id: string): IndexShard {
    writeId(this.#key, id);
    return this.#shardOfKey(this.#key);
  }

  #shardOfKey(key: Uint32Array): IndexShard {
    const mixed = Math.imul(key[2]! ^ key[3]! ^ this.#seeds[1]!, 0x9e37_79b1) ^ key[0]! ^ key[1]!;
    return must(this.#shards[Math.imul(mixed, 0x85eb_ca6b) >>> 24], 'a shard of the index');
  }
}

/** Words of an entry: 0-3 id, 4 segment and the high part of the length, 5 offset and flags, 6 length, 7 CRC, 8 generation. */
function readEntry(words: Uint32Array, base: number): IndexEntry {
  const place = words[base + 4]!;
  const flags = words[base + 5]!;
  return {
    segment: place & handleMask,
    offset: (flags & ~7) >>> 0,
    lengthBytes: lengthOf(words, base),
    crc32c: words[base + 7]!,
    generation: words[base + 8]!,
    kind: flags & restFlag ? 'rest' : 'chunk',
    extent: (flags & extentFlag) !== 0,
    damaged: (flags & damagedFlag) !== 0,
  };
}

function lengthOf(words: Uint32Array, base: number): number {
  return (words[base + 4]! >>> 24) * twoTo32 + words[base + 6]!;
}

function writeEntry(words: Uint32Array, base: number, entry: IndexEntry): void {
  words[base + 4] = entry.segment | (Math.floor(entry.lengthBytes / twoTo32) << 24);
  words[base + 5] =
    entry.offset | (entry.extent ? extentFlag : 0) | (entry.kind === 'rest' ? restFlag : 0) | (entry.damaged ? damagedFlag : 0);
  words[base + 6] = entry.lengthBytes % twoTo32;
  words[base + 7] = entry.crc32c;
  words[base + 8] = entry.generation;
}
