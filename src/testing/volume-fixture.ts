import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../base/clock.js';
import { crc32c } from '../base/crc32c.js';
import { silentLog } from '../base/log.js';
import { systemRandom } from '../base/random.js';
import { uuidV7 } from '../base/uuid.js';
import type { ChunkReader } from '../chunks/chunk-reader.js';
import type { PutMode } from '../chunks/chunk-store.js';
import { formatVolume } from '../chunks/volume-identity.js';
import { volumeDefaults, type VolumeLimits } from '../chunks/volume-limits.js';
import { Volume } from '../chunks/volume.js';

const MiB = 1024 * 1024;

export const volumeParts = { clock: systemClock, random: systemRandom, log: silentLog };

/** Small segments, so that a test sees many of them. */
export const smallLimits: VolumeLimits = {
  ...volumeDefaults,
  segmentSizeBytes: MiB,
  urgentSegmentSizeBytes: MiB,
  reserveSegmentSizeBytes: MiB,
  reserveSegments: 1,
};

/** A folder for one test, and what removes it. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'aether-chunks-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A formatted, empty volume. */
export async function makeVolumeFolder(parent: string, name = 'volume'): Promise<string> {
  const path = join(parent, name);
  await mkdir(path);
  await formatVolume(path, { clusterId: null, nodeId: systemRandom.uuidV4() }, volumeParts);
  return path;
}

export function openVolume(path: string, limits: VolumeLimits = smallLimits, onFault: (error: Error) => void = rethrow): Promise<Volume> {
  return Volume.open({ path, limits, onFault }, volumeParts);
}

export function newId(): string {
  return uuidV7(Date.now(), systemRandom);
}

/** Stores bytes the way their length asks for. */
export async function putBytes(
  volume: Volume,
  id: string,
  bytes: Buffer,
  mode: PutMode = 'repeatable',
  generation = 1,
): Promise<'stored' | 'repeated'> {
  const origin = { bucketId: 7, key: `key of ${id}`, partNumber: null, index: 0 };
  const facts = { id, lengthBytes: bytes.length, crc32c: crc32c(bytes) };
  if (bytes.length <= 256 * 1024) return volume.putPacked({ ...facts, kind: 'chunk', generation, origin }, [bytes], mode);
  const writer = await volume.beginExtent({ id, kind: 'chunk', generation, origin }, mode);
  for (let at = 0; at < bytes.length; at += 100_000) await writer.write(bytes.subarray(at, at + 100_000));
  return writer.seal(facts);
}

/** All bytes of a chunk. */
export async function readAll(volume: Volume, id: string): Promise<Buffer> {
  const reader = await volume.openRead(id);
  try {
    return await collect(reader);
  } finally {
    reader.release();
  }
}

async function collect(reader: ChunkReader): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of reader.read(0, reader.facts.lengthBytes)) pieces.push(piece);
  return Buffer.concat(pieces);
}

function rethrow(error: Error): void {
  throw error;
}
