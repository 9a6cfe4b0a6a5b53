/** Buckets grow by 5 %, so a quantile is off by at most that. */
const growth = 1.05;
/** Everything below is in bucket 0. */
const smallestMs = 0.01;
const bucketsMax = 400;

export interface LatencyFigures {
  count: number;
  minMs: number;
  meanMs: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
  p999Ms: number;
  maxMs: number;
}

/** Durations of many operations in bounded memory. */
export class LatencyHistogram {
  readonly #buckets = new Uint32Array(bucketsMax);
  #count = 0;
  #sumMs = 0;
  #minMs = Infinity;
  #maxMs = 0;

  add(durationMs: number): void {
    const bucket = Math.ceil(Math.log(durationMs / smallestMs) / Math.log(growth));
    this.#buckets[Math.min(bucketsMax - 1, Math.max(0, bucket))]! += 1;
    this.#count += 1;
    this.#sumMs += durationMs;
    this.#minMs = Math.min(this.#minMs, durationMs);
    this.#maxMs = Math.max(this.#maxMs, durationMs);
  }

  figures(): LatencyFigures {
    const none = this.#count === 0;
    return {
      count: this.#count,
      minMs: none ? 0 : this.#minMs,
      meanMs: none ? 0 : this.#sumMs / this.#count,
      p50Ms: this.#quantile(0.5),
      p90Ms: this.#quantile(0.9),
      p99Ms: this.#quantile(0.99),
      p999Ms: this.#quantile(0.999),
      maxMs: this.#maxMs,
    };
  }

  /** Counts by doubling upper bounds, from the first to the last that is not empty. */
  rows(): { upToMs: number; count: number }[] {
    const rows: { upToMs: number; count: number }[] = [];
    let upToMs = smallestMs;
    for (let bucket = 0, count = 0; bucket < bucketsMax; bucket += 1) {
      count += this.#buckets[bucket]!;
      const last = bucket === bucketsMax - 1;
      if (!last && boundOf(bucket + 1) <= upToMs * 2) continue;
      if (count > 0 || rows.length > 0) rows.push({ upToMs: boundOf(bucket), count });
      upToMs = boundOf(bucket);
      count = 0;
    }
    while (rows.at(-1)?.count === 0) rows.pop();
    return rows;
  }

  #quantile(share: number): number {
    let left = Math.ceil(this.#count * share);
    for (let bucket = 0; bucket < bucketsMax; bucket += 1) {
      left -= this.#buckets[bucket]!;
      if (left <= 0) return Math.min(boundOf(bucket), this.#maxMs);
    }
    return this.#maxMs;
  }
}

function boundOf(bucket: number): number {
  return smallestMs * growth ** bucket;
}
