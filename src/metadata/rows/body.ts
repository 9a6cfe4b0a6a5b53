import { uuidFromHex, uuidToHex } from '../../base/uuid.js';
import { statement } from '../tx.js';

export const insertBody = statement<[number: number, refs: number, packedChunks: string]>(
  'INSERT INTO body (number, refs, chunks) VALUES (?, ?, unhex(?))',
);
/** Raises the counts of the bodies that an owner's slices name. A count of 0 is past saving and is left. */
export const raiseBodiesOf = statement<[owner: number]>(
  `UPDATE body SET refs = refs + named.times
   FROM (SELECT body, count(*) AS times FROM slice WHERE owner = ? GROUP BY body) AS named
   WHERE body.number = named.body AND refs > 0`,
);
export const distinctBodiesOf = statement<[owner: number], { bodies: number }>(
  'SELECT count(DISTINCT body) AS bodies FROM slice WHERE owner = ?',
);

/** A chunk's place in its body. */
export interface BodyChunk {
  id: string;
  startBytes: number;
  endBytes: number;
}

/** In hexadecimal: an id, and the end in the body. */
const idDigits = 32;
const entryDigits = idDigits + 16;

/** The chunks of a body as hexadecimal digits, which go into SQLite and out of it at a third of what a Buffer costs. */
export function packChunks(chunks: readonly { id: string; lengthBytes: number }[]): string {
  let packed = '';
  let endBytes = 0;
  for (const { id, lengthBytes } of chunks) {
    endBytes += lengthBytes;
    packed += uuidToHex(id) + endBytes.toString(16).padStart(entryDigits - idDigits, '0');
  }
  return packed;
}

/** Reads `lower(hex(chunks))`. */
export function unpackChunks(packed: string): BodyChunk[] {
  const chunks: BodyChunk[] = [];
  let startBytes = 0;
  for (let at = 0; at < packed.length; at += entryDigits) {
    const endBytes = Number.parseInt(packed.slice(at + idDigits, at + entryDigits), 16);
    chunks.push({ id: uuidFromHex(packed, at), startBytes, endBytes });
    startBytes = endBytes;
  }
  return chunks;
}
