import { uuidFromBytes, uuidToBytes } from '../../base/uuid.js';
import { statement } from '../tx.js';

export const insertBody = statement<[number: number, refs: number, chunks: Buffer]>(
  'INSERT INTO body (number, refs, chunks) VALUES (?, ?, ?)',
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

const entryBytes = 24;

export function packChunks(chunks: readonly { id: string; lengthBytes: number }[]): Buffer {
  const packed = Buffer.allocUnsafe(chunks.length * entryBytes);
  let endBytes = 0;
  for (const [index, chunk] of chunks.entries()) {
    endBytes += chunk.lengthBytes;
    uuidToBytes(chunk.id).copy(packed, index * entryBytes);
    packed.writeBigUInt64BE(BigInt(endBytes), index * entryBytes + 16);
  }
  return packed;
}

export function unpackChunks(packed: Buffer): BodyChunk[] {
  const chunks: BodyChunk[] = [];
  let startBytes = 0;
  for (let at = 0; at < packed.length; at += entryBytes) {
    const endBytes = Number(packed.readBigUInt64BE(at + 16));
    chunks.push({ id: uuidFromBytes(packed, at), startBytes, endBytes });
    startBytes = endBytes;
  }
  return chunks;
}
