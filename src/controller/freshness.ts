/**
 * After so long without a word of the server about some resource, the caches are history, and nothing is concluded from
 * them. A healthy watch with nothing to tell brings a bookmark each minute, and a silent one is given up after 70 s.
 */
export const blindAfterMs = 75_000;

/** Whatever can grow old. */
export interface Aging {
  freshMs(): number;
}

/** The age of the oldest. */
export function stalestMs(sources: readonly Aging[]): number {
  return Math.max(...sources.map((source) => source.freshMs()));
}
