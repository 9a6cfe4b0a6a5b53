/** 32-bit words of an entry; the first four are the id, word 4 is never 0 in a used slot. */
const entryWords = 9;
/** A power of two: where a slot is found then takes a shift and a mask, which each probe needs. */
const slotBits = 8;
const slotsPerBlock = 2 ** slotBits;
const fillFractionMax = 0.85;
const growthFactor = 1.2;

/** What one table gives back as it grows, up to this, is used again; more is left to the garbage collector. */
const freeBlocksMax = 64;

/**
 * Memory of all tables of an index, in blocks of one size. Tables of many sizes, each made anew as it grows, would
 * leave holes that fit none of the next: 102 MiB for a million chunks instead of 46.
 */
export class BlockPool {
  readonly #free: Uint32Array[] = [];

  /** A block of zeros. */
  take(): Uint32Array {
    return this.#free.pop()?.fill(0) ?? new Uint32Array(slotsPerBlock * entryWords);
  }

  give(blocks: Uint32Array[]): void {
    this.#free.push(...blocks.slice(0, freeBlocksMax - this.#free.length));
  }
}

/** What each slot needs only while the volume is being opened. */
interface LoadingColumns {
  sequences: Float64Array;
  recordBytes: Uint32Array;
}

/**
 * One open-addressing table: linear probing, deletion by shifting back, so no slot is ever wasted. A slot is found in
 * `blockOf(slot)` from word `baseOf(slot)` on. An empty table has no blocks.
 */
export class IndexShard {
  capacity = 0;
  count = 0;
  readonly #seeds: Uint32Array;
  readonly #pool: BlockPool;
  #blocks: Uint32Array[] = [];
  #loading: LoadingColumns | null = null;

  constructor(seeds: Uint32Array, pool: BlockPool, expectedCount: number) {
    this.#seeds = seeds;
    this.#pool = pool;
    if (expectedCount > 0) this.#rebuild(capacityFor(expectedCount), () => true);
  }

  blockOf(slot: number): Uint32Array {
    return this.#blocks[slot >>> slotBits]!;
  }

  isUsed(slot: number): boolean {
    return this.blockOf(slot)[baseOf(slot) + 4] !== 0;
  }

  /** The slot of the id, or -1. */
  find(key: Uint32Array): number {
    if (this.count === 0) return -1;
    let slot = this.#home(key, 0);
    for (;;) {
      const words = this.blockOf(slot);
      const base = baseOf(slot);
      if (words[base + 4] === 0) return -1;
      if (words[base + 3] === key[3] && words[base + 2] === key[2] && words[base + 1] === key[1] && words[base] === key[0]) return slot;
      slot = slot + 1 === this.capacity ? 0 : slot + 1;
    }
  }

  /** A slot for an id that is not there; its words 4 on are the caller's to fill, at once. */
  insert(key: Uint32Array): number {
    if (this.count + 1 > this.capacity * fillFractionMax) this.#rebuild(this.capacity * growthFactor + 1, () => true);
    this.count += 1;
    const slot = this.#freeSlot(key, 0);
    copyWords(key, 0, this.blockOf(slot), baseOf(slot), 4);
    return slot;
  }

  remove(slot: number): void {
    const { capacity } = this;
    let hole = slot;
    let next = slot;
    for (;;) {
      next = next + 1 === capacity ? 0 : next + 1;
      if (!this.isUsed(next)) break;
      const home = this.#home(this.blockOf(next), baseOf(next));
      // An entry may move back into the hole only when the hole lies between its home and where it stands.
      const distanceToNext = (next - home + capacity) % capacity;
      const distanceToHole = (next - hole + capacity) % capacity;
      if (distanceToNext < distanceToHole) continue;
      copyWords(this.blockOf(next), baseOf(next), this.blockOf(hole), baseOf(hole), entryWords);
      hole = next;
    }
    this.blockOf(hole).fill(0, baseOf(hole), baseOf(hole) + entryWords);
    this.count -= 1;
  }

  loading(): LoadingColumns {
    this.#loading ??= { sequences: new Float64Array(this.capacity), recordBytes: new Uint32Array(this.capacity) };
    return this.#loading;
  }

  /** Ends loading and drops the entries that `keep`, given the block and the first word of each, does not want. */
  finishLoading(keep: (words: Uint32Array, base: number) => boolean): void {
    this.#loading = null;
    let dropped = 0;
    for (let slot = 0; slot < this.capacity; slot += 1) {
      if (this.isUsed(slot) && !keep(this.blockOf(slot), baseOf(slot))) dropped += 1;
    }
    if (dropped > 0) this.#rebuild(capacityFor(this.count - dropped), keep);
  }

  /** Makes the table anew with room for at least so many slots. */
  #rebuild(capacity: number, keep: (words: Uint32Array, base: number) => boolean): void {
    const old = { blocks: this.#blocks, loading: this.#loading };
    const blockCount = Math.ceil(capacity / slotsPerBlock);
    this.#blocks = Array.from({ length: blockCount }, () => this.#pool.take());
    this.capacity = blockCount * slotsPerBlock;
    if (old.loading) this.#loading = { sequences: new Float64Array(this.capacity), recordBytes: new Uint32Array(this.capacity) };
    this.count = 0;
    for (const [index, words] of old.blocks.entries()) {
      for (let base = 0; base < words.length; base += entryWords) {
        if (words[base + 4] === 0 || !keep(words, base)) continue;
        const target = this.#freeSlot(words, base);
        copyWords(words, base, this.blockOf(target), baseOf(target), entryWords);
        this.count += 1;
        if (old.loading && this.#loading) {
          const slot = index * slotsPerBlock + base / entryWords;
          this.#loading.sequences[target] = old.loading.sequences[slot]!;
          this.#loading.recordBytes[target] = old.loading.recordBytes[slot]!;
        }
      }
    }
    this.#pool.give(old.blocks);
  }

  /** Where an id that is not there belongs. */
  #freeSlot(key: Uint32Array, keyBase: number): number {
    let slot = this.#home(key, keyBase);
    while (this.isUsed(slot)) slot = slot + 1 === this.capacity ? 0 : slot + 1;
    return slot;
  }

  #home(key: Uint32Array, base: number): number {
    const seed = this.#seeds[0]!;
    let mixed = Math.imul(key[base + 3]! ^ seed, 0x9e37_79b1) ^ Math.imul(key[base + 2]! + seed, 0x85eb_ca6b);
    mixed ^= Math.imul(key[base + 1]!, 0xc2b2_ae35) ^ key[base]!;
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b_3c6d);
    mixed ^= mixed >>> 13;
    return Math.floor(((mixed >>> 0) * this.capacity) / 4_294_967_296);
  }
}

/** The first word of a slot in its block. */
export function baseOf(slot: number): number {
  return (slot & (slotsPerBlock - 1)) * entryWords;
}

/** Slots for so many entries and a few more. */
function capacityFor(count: number): number {
  return count / (fillFractionMax * 0.98);
}

/** Word by word: a view for each entry would take most of the time. */
function copyWords(from: Uint32Array, fromBase: number, to: Uint32Array, toBase: number, count: number): void {
  for (let word = 0; word < count; word += 1) to[toBase + word] = from[fromBase + word]!;
}

/** Puts the four words of a canonical UUID into `target`, from `base` on. */
export function writeId(target: Uint32Array, id: string, base = 0): void {
  target[base] = hexWord(id, 0, 8, 0);
  target[base + 1] = hexWord(id, 14, 18, hexWord(id, 9, 13, 0));
  target[base + 2] = hexWord(id, 24, 28, hexWord(id, 19, 23, 0));
  target[base + 3] = hexWord(id, 28, 36, 0);
}

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function readId(words: Uint32Array, base: number): string {
  const first = words[base]!;
  const second = words[base + 1]!;
  const third = words[base + 2]!;
  const fourth = words[base + 3]!;
  return `${hex(first >>> 16)}${hex(first)}-${hex(second >>> 16)}-${hex(second)}-${hex(third >>> 16)}-${hex(third)}${hex(fourth >>> 16)}${hex(fourth)}`;
}

/** The lower 16 bits as four digits. */
function hex(half: number): string {
  return hexOfByte[(half >>> 8) & 0xff]! + hexOfByte[half & 0xff]!;
}

/** Negative, zero or positive as the id at `base` sorts before, is, or sorts after `other`. */
export function compareIds(words: Uint32Array, base: number, other: Uint32Array): number {
  for (let word = 0; word < 4; word += 1) {
    const difference = words[base + word]! - other[word]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

function hexWord(text: string, start: number, end: number, before: number): number {
  let word = before;
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    word = (word << 4) | (code <= 57 ? code - 48 : code - 87);
  }
  return word >>> 0;
}
