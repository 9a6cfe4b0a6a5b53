/** Who may remove a chunk: `chunk` falls to the garbage queue and the sweep, `rest` only to the REST API. */
export type ChunkKind = 'chunk' | 'rest';

/** What makes two copies of a chunk the same: compared wherever copies meet. */
export interface ChunkFacts {
  /** UUID in canonical form; version 7 when made by a gateway, 4 through REST. */
  id: string;
  lengthBytes: number;
  /** CRC32C of the whole chunk. */
  crc32c: number;
}

/** A datanode's word that the chunk is durable on its disk. */
export interface Receipt extends ChunkFacts {
  nodeId: string;
}

/** A chunk that a writer asks the master to commit. */
export interface WrittenChunk extends ChunkFacts {
  /** The sweep generation known when its upload began. */
  generation: number;
  /** Nodes that gave a receipt. */
  nodeIds: string[];
}

/** Where the bytes came from; stored with the chunk for people (salvage), never for decisions. */
export interface ChunkOrigin {
  bucketId: number | null;
  key: string | null;
  partNumber: number | null;
  /** Position of the chunk in its body. */
  index: number;
}
