import { join } from 'node:path';
import { systemClock } from '../../base/clock.js';
import { silentLog } from '../../base/log.js';
import { systemRandom } from '../../base/random.js';
import { uuidFromBytes } from '../../base/uuid.js';
import { volumeDefaults } from '../../chunks/volume-limits.js';
import { Volume } from '../../chunks/volume.js';
import { verifyChunk } from '../../datanode/verify-chunk.js';
import { unpackChunks } from '../../metadata/rows/body.js';
import { SqliteConnection } from '../../metadata/sqlite/connection.js';
import { statement } from '../../metadata/tx.js';
import type { ChunkFacts } from '../../model/chunk.js';
import { auditMetadata } from '../audit-metadata.js';
import type { ProcessCluster } from '../process-cluster.js';

const pageMax = 1000;
/** Enough to understand what is wrong. */
const problemsMax = 20;
const nodeRows = statement('SELECT number, id FROM node');
const presentChunks = statement('SELECT id, length, crc32c, nodes FROM chunk WHERE state = 0');
const namedBodies = statement('SELECT lower(hex(chunks)) AS chunks FROM body WHERE refs > 0');

export interface Census {
  replicas: number;
  chunkRows: number;
  bodies: number;
  /** On disk, and no row names them: uploads that never committed, or deletes under way. */
  unnamed: number;
  problems: string[];
}

/**
 * Counts what lies on the disks of a stopped cluster, and compares: every replica's bytes with its CRC, every copy that
 * the metadata names with the disk, every reference count with the references.
 */
export async function takeCensus(cluster: ProcessCluster, datanodes: readonly string[]): Promise<Census> {
  const census: Census = { replicas: 0, chunkRows: 0, bodies: 0, unnamed: 0, problems: [] };
  const problem = (text: string): void => {
    if (census.problems.length < problemsMax) census.problems.push(text);
  };
  /** By node id, then chunk id. */
  const disks = new Map<string, Map<string, ChunkFacts>>();
  for (const name of datanodes) {
    const fault = (reason: Error): void => problem(`${name}: ${reason.message}`);
    const options = { path: cluster.dataPath(name), limits: volumeDefaults, onFault: fault };
    const volume = await Volume.open(options, { clock: systemClock, random: systemRandom, log: silentLog });
    if (volume.condition !== 'open') problem(`${name} is ${volume.condition}`);
    disks.set(volume.nodeId, await readDisk(volume, name, problem));
    await volume.close();
  }
  const rows = SqliteConnection.openReader(join(cluster.dataPath('master'), 'metadata.db'));
  compare(rows, disks, census, problem);
  rows.close();
  return census;
}

async function readDisk(volume: Volume, name: string, problem: (text: string) => void): Promise<Map<string, ChunkFacts>> {
  const found = new Map<string, ChunkFacts>();
  for (let page = volume.ids(null, pageMax); page.length > 0; page = volume.ids(page.at(-1)!.id, pageMax)) {
    for (const facts of page) {
      found.set(facts.id, facts);
      const verdict = await verifyChunk(volume, facts, true);
      if (verdict !== 'done') problem(`${name}: chunk ${facts.id} is ${verdict}`);
    }
  }
  return found;
}

interface ChunkRow {
  id: Buffer;
  length: number;
  crc32c: number;
  nodes: Buffer;
}

function compare(
  rows: SqliteConnection,
  disks: Map<string, Map<string, ChunkFacts>>,
  census: Census,
  problem: (text: string) => void,
): void {
  const nodes = rows.all(nodeRows, []) as { number: number; id: Buffer }[];
  const nodeIds = new Map(nodes.map(({ number, id }) => [number, id.toString()]));
  const chunks = rows.all(presentChunks, []) as ChunkRow[];
  const named = new Set<string>();
  for (const row of chunks) {
    const id = uuidFromBytes(row.id);
    named.add(id);
    const copies = row.nodes.length / 2;
    if (copies < 2) problem(`chunk ${id} has ${copies} copies`);
    for (let index = 0; index < copies; index += 1) {
      const nodeId = nodeIds.get(row.nodes.readUInt16BE(index * 2));
      const facts = disks.get(nodeId ?? '')?.get(id);
      if (!facts) problem(`chunk ${id} is not on node ${nodeId}, which its row names`);
      else if (facts.lengthBytes !== row.length || facts.crc32c !== row.crc32c)
        problem(`chunk ${id} on node ${nodeId} is another than its row says`);
    }
  }
  census.chunkRows = chunks.length;
  for (const disk of disks.values()) {
    census.replicas += disk.size;
    for (const id of disk.keys()) if (!named.has(id)) census.unnamed += 1;
  }

  for (const { chunks } of rows.all(namedBodies, []) as { chunks: string }[]) {
    census.bodies += 1;
    for (const { id } of unpackChunks(chunks)) if (!named.has(id)) problem(`chunk ${id} of a body in use has no row`);
  }
  for (const wrong of auditMetadata(rows)) problem(wrong);
}
