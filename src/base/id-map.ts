const slotsMin = 16;
/** 2^32 over the golden ratio. */
const spread = 0x9e3779b1;

/**
 * Objects by id, for those that come and go with every request. A `Map` would do but for the garbage collector: each time
 * V8 outgrows or cleans up the table of a `Map`, the old table points to the new one, for the sake of iterators. Once a
 * table has reached the old generation, all that follow, and what they held, count as reachable from it until the next
 * full collection: with calls under way kept in a `Map`, nearly everything that a request had allocated was promoted.
 *
 * Open addressing with linear probing and backward-shift deletion (Knuth, The Art of Computer Programming 3, 6.4,
 * algorithm R). An id is a positive integer, up to `Number.MAX_SAFE_INTEGER`. What was measured: docs/decisions/0010-calls-by-id.md.
 */
export class IdMap<T> {
  /** 0: the slot is free. */
  #ids = new Float64Array(slotsMin);
  #values: (T | undefined)[] = Array.from({ length: slotsMin }, () => undefined);
  /** 32 less the bits of a slot's number. */
  #shift = 32 - Math.log2(slotsMin);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    return this.#ids[this.#slotOf(id)] !== 0;
  }

  get(id: number): T | undefined {
    return this.#values[this.#slotOf(id)];
  }

  set(id: number, value: T): void {
    const slot = this.#slotOf(id);
    if (this.#ids[slot] === 0) {
      this.#size += 1;
      if (this.#size > this.#ids.length / 2) {
        this.#grow();
        this.#put(id, value);
        return;
      }
    }
    this.#ids[slot] = id;
    this.#values[slot] = value;
  }

  /** False: there was none. */
  delete(id: number): boolean {
    let hole = this.#slotOf(id);
    if (this.#ids[hole] === 0) return false;
    this.#size -= 1;
    const mask = this.#ids.length - 1;
    // Whoever was pushed past the hole moves up, so that no search ends before it
    for (let slot = (hole + 1) & mask; this.#ids[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#home(this.#ids[slot]!);
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#ids[hole] = this.#ids[slot]!;
      this.#values[hole] = this.#values[slot];
      hole = slot;
    }
    this.#ids[hole] = 0;
    this.#values[hole] = undefined;
    return true;
  }

  clear(): void {
    this.#ids.fill(0);
    this.#values.fill(undefined);
    this.#size = 0;
  }

  /** Those there are now, in no order: what the caller does to the map while it looks at them does not matter. */
  values(): T[] {
    const values: T[] = [];
    for (let slot = 0; slot < this.#ids.length; slot += 1) if (this.#ids[slot] !== 0) values.push(this.#values[slot] as T);
    return values;
  }

  #put(id: number, value: T): void {
    const slot = this.#slotOf(id);
    this.#ids[slot] = id;
    this.#values[slot] = value;
  }

  #grow(): void {
    const ids = this.#ids;
    const values = this.#values;
    this.#ids = new Float64Array(ids.length * 2);
    this.#shift -= 1;
    this.#values = Array.from({ length: ids.length * 2 }, () => undefined);
    for (let slot = 0; slot < ids.length; slot += 1) if (ids[slot] !== 0) this.#put(ids[slot]!, values[slot] as T);
  }

  /** Where the id is, or the free slot where it would be. */
  #slotOf(id: number): number {
    const mask = this.#ids.length - 1;
    let slot = this.#home(id);
    while (this.#ids[slot] !== 0 && this.#ids[slot] !== id) slot = (slot + 1) & mask;
    return slot;
  }

  /**
   * Multiplicative hashing (Knuth, ibid.), which spreads ids that follow each other evenly. In slots that follow each other
   * they would be one long run, and each `delete` of the oldest would move through all of it.
   */
  #home(id: number): number {
    return Math.imul(id, spread) >>> this.#shift;
  }
}
