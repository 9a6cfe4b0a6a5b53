import { randomBytes, randomUUID } from 'node:crypto';

/** Chance as a parameter, so that a test can repeat a run from its seed. */
export interface Random {
  /** Uniform in [0, 1). */
  fraction(): number;
  bytes(count: number): Buffer;
  /** A random (version 4) UUID, lower case. */
  uuidV4(): string;
}

export const systemRandom: Random = {
  fraction: () => Math.random(),
  bytes: (count) => randomBytes(count),
  uuidV4: () => randomUUID(),
};
