const KiB = 1024;
const MiB = 1024 * KiB;

/** What a writer may hold, and how long it waits. */
export const writeLimits = {
  /**
   * A node that stays so far behind the fastest one is dropped from the chunk. Also how much of a chunk is kept for a
   * spare: one that starts later than this could not catch up anyway.
   */
  behindBytes: 4 * MiB,
  /** How long the source waits for a node that is so far behind before it is dropped. */
  patienceMs: 500,
  /** All bodies of one writer together, late copies included; beyond it those are dropped, and each body is held to `tightBytes` per node. */
  inFlightBytes: 64 * MiB,
  tightBytes: 256 * KiB,
  /** No node took anything for so long: the body fails. */
  stallMs: 30_000,
  /** After a chunk's last byte: when spares are asked beside nodes that say nothing, and when all is given up. */
  hedgeMs: 2000,
  receiptMs: 15_000,
  /** Nodes tried for one chunk beyond the first ones. */
  sparesMax: 4,
  /** A call lasts as long as its client sends; what ends it earlier are the limits above. */
  callMs: 24 * 3_600_000,
} as const;

export type WriteLimits = { [Name in keyof typeof writeLimits]: number };
