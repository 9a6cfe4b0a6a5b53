import { randomBytes, randomUUID } from 'node:crypto';

/** Chance as a parameter, so that a test can repeat a run from its seed. */
export interface Random {
  /** Uniform in [0, 1). */
  fraction(): number;
  bytes(count: number): Buffer;
  /** A random (version 4) UUID, lower case. */
  uuidV4(): string;
}

const poolBytes = 8192;

/** Asking the system costs 2 µs a time, whether for 16 bytes or for 8 KiB: small wishes share one asking. No byte is given twice. */
function pooledBytes(): (count: number) => Buffer {
  let pool = Buffer.alloc(0);
  let used = 0;
  return (count) => {
    if (count > poolBytes / 8) return randomBytes(count);
    if (used + count > pool.length) {
      pool = randomBytes(poolBytes);
      used = 0;
    }
    used += count;
    return pool.subarray(used - count, used);
  };
}

export const systemRandom: Random = {
  fraction: () => Math.random(),
  bytes: pooledBytes(),
  uuidV4: () => randomUUID(),
};
