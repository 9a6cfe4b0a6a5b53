/** 32-bit words of an entry; the first four are the id, word 4 is never 0 in a used slot. */
export const entryWords = 9;
const fillFractionMax = 0.85;
const growthFactor = 1.2;
const capacityMin = 16;

/** What each slot needs only while the volume is being opened. */
interface LoadingColumns {
  sequences: Float64Array;
  recordBytes: Uint32Array;
}

/** One open-addressing table: linear probing, deletion by shifting back, so no slot is ever wasted. */
export class IndexShard {
  words: Uint32Array;
  capacity: number;
  count = 0;
  readonly #seeds: Uint32Array;
  #loading: LoadingColumns | null = null;

  constructor(seeds: Uint32Array, expectedCount: number) {
    this.#seeds = seeds;
    this.capacity = Math.max(capacityMin, Math.ceil(expectedCount / (fillFractionMax * 0.98)));
    this.words = new Uint32Array(this.capacity * entryWords);
  }

  isUsed(slot: number): boolean {
    return this.words[slot * entryWords + 4] !== 0;
  }

  /** The slot of the id, or -1. */
  find(key: Uint32Array): number {
    const { words } = this;
    let slot = this.#home(key, 0);
    for (;;) {
      const base = slot * entryWords;
      if (words[base + 4] === 0) return -1;
      if (words[base + 3] === key[3] && words[base + 2] === key[2] && words[base + 1] === key[1] && words[base] === key[0]) return slot;
      slot = slot + 1 === this.capacity ? 0 : slot + 1;
    }
  }

  /** A slot for an id that is not there; its words 4 on are the caller's to fill, at once. */
  insert(key: Uint32Array): number {
    if (this.count + 1 > this.capacity * fillFractionMax) this.#rebuild(Math.ceil(this.capacity * growthFactor) + 1, () => true);
    this.count += 1;
    return this.#place(key, 0);
  }

  remove(slot: number): void {
    const { words, capacity } = this;
    let hole = slot;
    let next = slot;
    for (;;) {
      next = next + 1 === capacity ? 0 : next + 1;
      if (!this.isUsed(next)) break;
      const home = this.#home(words, next * entryWords);
      // An entry may move back into the hole only when the hole lies between its home and where it stands.
      const distanceToNext = (next - home + capacity) % capacity;
      const distanceToHole = (next - hole + capacity) % capacity;
      if (distanceToNext < distanceToHole) continue;
      words.copyWithin(hole * entryWords, next * entryWords, (next + 1) * entryWords);
      hole = next;
    }
    words.fill(0, hole * entryWords, (hole + 1) * entryWords);
    this.count -= 1;
  }

  loading(): LoadingColumns {
    this.#loading ??= { sequences: new Float64Array(this.capacity), recordBytes: new Uint32Array(this.capacity) };
    return this.#loading;
  }

  /** Ends loading and drops the entries that `keep`, given the table and the first word of each, does not want. */
  finishLoading(keep: (words: Uint32Array, base: number) => boolean): void {
    this.#loading = null;
    let dropped = 0;
    for (let slot = 0; slot < this.capacity; slot += 1) if (this.isUsed(slot) && !keep(this.words, slot * entryWords)) dropped += 1;
    if (dropped > 0) this.#rebuild(Math.max(capacityMin, Math.ceil((this.count - dropped) / (fillFractionMax * 0.98))), keep);
  }

  #rebuild(capacity: number, keep: (words: Uint32Array, base: number) => boolean): void {
    const old = { words: this.words, capacity: this.capacity, loading: this.#loading };
    this.words = new Uint32Array(capacity * entryWords);
    this.capacity = capacity;
    if (old.loading) this.#loading = { sequences: new Float64Array(capacity), recordBytes: new Uint32Array(capacity) };
    this.count = 0;
    for (let slot = 0; slot < old.capacity; slot += 1) {
      const base = slot * entryWords;
      if (old.words[base + 4] === 0 || !keep(old.words, base)) continue;
      const target = this.#place(old.words, base);
      // Word by word: a view for each entry would take most of the time
      for (let word = 4; word < entryWords; word += 1) this.words[target * entryWords + word] = old.words[base + word]!;
      this.count += 1;
      if (old.loading && this.#loading) {
        this.#loading.sequences[target] = old.loading.sequences[slot]!;
        this.#loading.recordBytes[target] = old.loading.recordBytes[slot]!;
      }
    }
  }

  #place(key: Uint32Array, keyBase: number): number {
    let slot = this.#home(key, keyBase);
    while (this.isUsed(slot)) slot = slot + 1 === this.capacity ? 0 : slot + 1;
    for (let word = 0; word < 4; word += 1) this.words[slot * entryWords + word] = key[keyBase + word]!;
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
