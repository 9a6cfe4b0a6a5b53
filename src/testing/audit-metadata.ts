import { uuidToHex } from '../base/uuid.js';
import { unpackChunks } from '../metadata/rows/body.js';
import type { SqliteConnection } from '../metadata/sqlite/connection.js';
import { counterNames, statement, type Counter } from '../metadata/tx.js';

/** What each counter should say. */
const counts: Record<Counter, string> = {
  buckets: 'SELECT count(*) FROM bucket',
  objects: 'SELECT count(*) FROM object',
  objectBytes: `SELECT sum(CAST(substr(facts, 1, instr(facts, ':') - 1) AS INTEGER)) FROM object`,
  uploads: 'SELECT count(*) FROM upload',
  chunks: 'SELECT count(*) FROM chunk',
  chunkBytes: 'SELECT sum(length) FROM chunk',
  restObjects: 'SELECT count(*) FROM chunk WHERE kind = 1 AND state <> 2',
  under: 'SELECT count(*) FROM under',
  garbage: 'SELECT count(*) FROM garbage',
  doomed: 'SELECT count(*) FROM doomed',
};

/** Queries that find nothing in a sound store. */
const contradictions: Record<string, string> = {
  'a body is counted wrongly':
    'SELECT number, refs, (SELECT count(*) FROM slice WHERE body = number) AS named FROM body WHERE refs <> named',
  'a slice names a body that is not there': 'SELECT * FROM slice WHERE body NOT IN (SELECT number FROM body)',
  'a slice has an owner that nobody knows': `SELECT * FROM slice WHERE owner NOT IN
     (SELECT version FROM object UNION ALL SELECT owner FROM part UNION ALL SELECT owner FROM garbage)`,
  'an object has no version row': 'SELECT * FROM object WHERE version NOT IN (SELECT number FROM version)',
  'a version row belongs to nobody': `SELECT * FROM version WHERE number NOT IN
     (SELECT version FROM object UNION ALL SELECT owner FROM garbage)`,
  'garbage is visible': `SELECT * FROM garbage WHERE owner IN (SELECT version FROM object UNION ALL SELECT owner FROM part)`,
  'garbage counts its slices wrongly':
    'SELECT *, (SELECT count(*) FROM slice WHERE slice.owner = garbage.owner) AS found FROM garbage WHERE slices <> found',
  'slices leave a gap or overlap': `SELECT * FROM slice AS s WHERE owner NOT IN (SELECT owner FROM garbage) AND offset <>
     coalesce((SELECT max(offset + length) FROM slice WHERE owner = s.owner AND offset < s.offset), 0)`,
  'slices do not add up to the size of the object': `SELECT * FROM object WHERE
     CAST(substr(facts, 1, instr(facts, ':') - 1) AS INTEGER) <>
     coalesce((SELECT sum(length) FROM slice WHERE owner = version), 0)`,
  'slices do not add up to the size of the part': `SELECT * FROM part WHERE size <>
     coalesce((SELECT sum(length) FROM slice WHERE slice.owner = part.owner), 0)`,
  'a part belongs to no upload': 'SELECT * FROM part WHERE upload NOT IN (SELECT number FROM upload)',
  'an under row has no chunk': 'SELECT * FROM under WHERE chunk NOT IN (SELECT id FROM chunk WHERE state = 0)',
  'an under row is wrong about the copies': 'SELECT u.* FROM under u JOIN chunk c ON c.id = u.chunk WHERE u.copies <> length(c.nodes) / 2',
  'a doomed copy is recorded as a replica': `SELECT d.* FROM doomed d JOIN chunk c ON c.id = d.chunk
     WHERE instr(hex(c.nodes), printf('%04X', d.node)) % 4 = 1`,
  'a forgotten node is known': 'SELECT n.id FROM node n JOIN forgotten_node f ON f.id = n.id OR f.number = n.number',
  'a chunk names a forgotten node': `SELECT c.id FROM forgotten_node f JOIN chunk c ON instr(hex(c.nodes), printf('%04X', f.number)) % 4 = 1`,
};

/**
 * Recounts everything that the store counts and follows every reference; answers what does not agree. For tests: it reads
 * all rows.
 */
export function auditMetadata(rows: SqliteConnection): string[] {
  const problems: string[] = [];
  for (const [problem, sql] of Object.entries(contradictions)) {
    for (const row of rows.all(statement(sql), [])) problems.push(`${problem}: ${JSON.stringify(row)}`);
  }
  for (const name of counterNames) {
    const counted = Object.values((rows.get(statement(counts[name]), []) ?? {}) as Record<string, number | null>)[0] ?? 0;
    const { stored } = rows.get(statement(`SELECT ${name} AS stored FROM counter`), []) as { stored: number };
    if (counted !== stored) problems.push(`the counter ${name} says ${stored}, there are ${counted}`);
  }
  problems.push(...auditChunks(rows));
  return problems;
}

/** Each chunk of kind `chunk` belongs to exactly one body, with the length that the body says. */
function auditChunks(rows: SqliteConnection): string[] {
  const problems: string[] = [];
  const lengths = new Map<string, number>();
  for (const row of rows.all(statement('SELECT lower(hex(id)) AS id, length, kind FROM chunk WHERE kind = 0 OR state = 2'), [])) {
    const { id, length } = row as { id: string; length: number };
    lengths.set(id, length);
  }
  for (const row of rows.all(statement('SELECT number, lower(hex(chunks)) AS chunks FROM body'), [])) {
    const { number, chunks } = row as { number: number; chunks: string };
    for (const { id, startBytes, endBytes } of unpackChunks(chunks)) {
      if (lengths.get(uuidToHex(id)) !== endBytes - startBytes)
        problems.push(`body ${number} lists chunk ${id}, which is not there or not so long`);
      lengths.delete(uuidToHex(id));
    }
  }
  for (const id of lengths.keys()) problems.push(`chunk ${id} belongs to no body`);
  return problems;
}
