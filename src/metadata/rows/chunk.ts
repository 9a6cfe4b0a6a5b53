import type { ChunkFacts, ChunkKind } from '../../model/chunk.js';

/** `pending`: reported by nodes, its REST upload not complete; `deleted`: waits in the garbage queue. */
export type ChunkState = 'present' | 'pending' | 'deleted';

/** A chunk row as others see it. */
export interface ChunkInfo extends ChunkFacts {
  kind: ChunkKind;
  state: ChunkState;
  /** Sweep generation known when its upload began. */
  generation: number;
  /** Small numbers of the nodes that hold a copy. */
  nodeNumbers: number[];
}
