import { assert } from '../../base/assert.js';
import { uuidFromHex } from '../../base/uuid.js';
import type { ChunkFacts, ChunkKind } from '../../model/chunk.js';
import { nodeNumberMax } from '../limits.js';
import { statement } from '../tx.js';

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

export interface ChunkRow {
  id: string; // 32 hexadecimal digits
  length: number;
  crc32c: number;
  nodes: string; // see packNodes
  kind: number;
  generation: number;
  state: number;
}

/** The places in these lists stand in the rows. */
const kinds: readonly ChunkKind[] = ['chunk', 'rest'];
const states: readonly ChunkState[] = ['present', 'pending', 'deleted'];
export const kindCode = (kind: ChunkKind): number => kinds.indexOf(kind);
export const stateCode = (state: ChunkState): number => states.indexOf(state);

const columns = 'lower(hex(c.id)) AS id, c.length, c.crc32c, hex(c.nodes) AS nodes, c.kind, c.generation, c.state';

export const chunkById = statement<[id: Buffer], ChunkRow>(`SELECT ${columns} FROM chunk c WHERE c.id = ?`);
/** Of a JSON list of UUIDs. */
export const chunksByIds = statement<[idsJson: string], ChunkRow>(
  `SELECT ${columns} FROM json_each(?) AS named JOIN chunk c ON c.id = unhex(named.value, '-')`,
);
export const chunkPage = statement<[afterId: Buffer, limit: number], ChunkRow>(
  `SELECT ${columns} FROM chunk c WHERE c.id > ? ORDER BY c.id LIMIT ? + 0`,
);
export const insertChunk = statement<
  [idHex: string, length: number, crc32c: number, nodesHex: string, kind: number, generation: number, state: number]
>(
  `INSERT INTO chunk (id, length, crc32c, nodes, stored, kind, generation, state) VALUES (unhex(?), ?, ?, unhex(?), 0, ?, ?, ?)
   ON CONFLICT (id) DO NOTHING`,
);
/** Chunks of a body; JSON rows of [id, length, crc32c, nodes in hexadecimal, generation]. */
export const insertChunks = statement<[rowsJson: string]>(
  `INSERT INTO chunk (id, length, crc32c, nodes, stored, kind, generation, state)
   SELECT unhex(value ->> 0, '-'), value ->> 1, value ->> 2, unhex(value ->> 3), 0, 0, value ->> 4, 0 FROM json_each(?) WHERE true
   ON CONFLICT (id) DO NOTHING`,
);
/** JSON rows of [id, nodes in hexadecimal]. */
export const updateChunkNodes = statement<[rowsJson: string]>(
  `UPDATE chunk SET nodes = unhex(named.value ->> 1) FROM json_each(?) AS named WHERE chunk.id = unhex(named.value ->> 0, '-')`,
);
export const updateChunkState = statement<[state: number, id: Buffer]>('UPDATE chunk SET state = ? WHERE id = ?');
export const deleteChunks = statement<[idsJson: string]>(`DELETE FROM chunk WHERE id IN (SELECT unhex(value, '-') FROM json_each(?))`);

/** JSON rows of [id, copies]. One that is listed already keeps its row: see `updateUnder`. */
export const insertUnder = statement<[sinceMs: number, rowsJson: string]>(
  `INSERT INTO under (chunk, copies, since_ms)
   SELECT unhex(value ->> 0, '-'), value ->> 1, ? FROM json_each(?) WHERE true
   ON CONFLICT (chunk) DO NOTHING`,
);
/** JSON rows of [id, copies], of those that are listed. */
export const updateUnder = statement<[rowsJson: string]>(
  `UPDATE under SET copies = named.value ->> 1 FROM json_each(?) AS named WHERE under.chunk = unhex(named.value ->> 0, '-')`,
);
export const deleteUnder = statement<[idsJson: string]>(`DELETE FROM under WHERE chunk IN (SELECT unhex(value, '-') FROM json_each(?))`);
export const underPage = statement<
  [copies: number, chunk: Buffer, committedBeforeMs: number, limit: number],
  ChunkRow & { copies: number; since_ms: number }
>(
  `SELECT ${columns}, u.copies, u.since_ms FROM under u JOIN chunk c ON c.id = u.chunk
   WHERE (u.copies, u.chunk) > (?, ?) AND u.since_ms <= ? ORDER BY u.copies, u.chunk LIMIT ? + 0`,
);

export function chunkInfo(row: ChunkRow): ChunkInfo {
  return {
    id: uuidFromHex(row.id),
    lengthBytes: row.length,
    crc32c: row.crc32c,
    kind: kinds[row.kind]!,
    state: states[row.state]!,
    generation: row.generation,
    nodeNumbers: unpackNodes(row.nodes),
  };
}

/** Ascending, four hexadecimal digits each. */
export function packNodes(numbers: readonly number[]): string {
  let packed = '';
  for (const number of numbers.toSorted((a, b) => a - b)) {
    assert(number > 0 && number <= nodeNumberMax, 'a node number has two bytes');
    packed += number.toString(16).padStart(4, '0');
  }
  return packed;
}

export function unpackNodes(packed: string): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < packed.length; at += 4) numbers.push(Number.parseInt(packed.slice(at, at + 4), 16));
  return numbers;
}
