import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { syncFolder, writeFileAtomic } from '../base/atomic-file.js';
import type { Random } from '../base/random.js';
import { StartRefused } from '../base/start-refused.js';
import { parseUuid } from '../base/uuid.js';
import { errorCode, isMissingError } from './disk-error.js';
import { extentFolderCount, extentFolderName } from './extent-file.js';

/** The folder is not a volume that this process may use. The message says what was found and the way out. */
export class VolumeRefused extends StartRefused {
  override readonly name = 'VolumeRefused';
}

const formatVersion = 1;

/** `format.json`: who the volume is. Written once, and once more when a cluster adopts it. */
export interface VolumeFormat {
  formatVersion: number;
  nodeId: string;
  clusterId: string | null;
  /** Begins the CRC of every record's header; see record.ts. */
  recordSeed: number;
}

/** `state.json`: what must never go back. */
export interface VolumeState {
  boot: number;
  reign: { epoch: number; id: string } | null;
  /** The last stop sealed the log and left no half-written file. */
  clean: boolean;
}

export function volumePaths(path: string) {
  return {
    format: join(path, 'format.json'),
    state: join(path, 'state.json'),
    lock: join(path, 'LOCK'),
    quarantine: join(path, 'quarantine.json'),
    segments: join(path, 'segments'),
    extents: join(path, 'extents'),
    /** Stands beside the volume: when the disk is not mounted, it says that there should be one. */
    expectation: join(dirname(resolve(path)), `.${basename(resolve(path))}.aetherstore-volume`),
  };
}

/** What an interrupted format, or the file system itself, may have left in an otherwise empty folder. */
const harmlessNames = new Set(['lost+found', 'segments', 'extents', 'LOCK', 'state.json', 'state.json.tmp']);

/**
 * Makes a volume of an empty folder. `format.json` is written last: a format that was cut is simply done again.
 * Refused on a folder that holds anything else, or where a volume is known to have been.
 */
export async function formatVolume(
  path: string,
  identity: { clusterId: string | null; nodeId: string },
  parts: { random: Random },
): Promise<void> {
  const paths = volumePaths(path);
  await refuseUnlessEmpty(path, paths);
  await mkdir(paths.segments, { recursive: true });
  await mkdir(paths.extents, { recursive: true });
  for (let number = 0; number < extentFolderCount; number += 1) {
    await mkdir(join(paths.extents, extentFolderName(number)), { recursive: true });
  }
  await writeFile(paths.lock, '');
  await syncFolder(paths.extents);
  const state: VolumeState = { boot: 0, reign: null, clean: true };
  await writeState(path, state);
  const format: VolumeFormat = { formatVersion, ...identity, recordSeed: parts.random.bytes(4).readUInt32LE(0) };
  await writeFormat(path, format);
  await syncFolder(dirname(resolve(path)));
  await leaveExpectation(paths.expectation, identity.nodeId);
}

/** Reads who the volume is, or refuses with the way out. */
export async function readFormat(path: string): Promise<VolumeFormat> {
  const paths = volumePaths(path);
  let text: string;
  try {
    text = await readFile(paths.format, 'utf8');
  } catch (error) {
    if (!isMissingError(error))
      throw new VolumeRefused(`${paths.format} cannot be read (${errorCode(error) ?? String(error)})`, { cause: error });
    await refuseUnlessEmpty(path, paths);
    throw new VolumeRefused(`${path} is empty: it has not been formatted as a volume`);
  }
  const format = parseJson(text);
  if (typeof format.formatVersion === 'number' && format.formatVersion > formatVersion) {
    throw new VolumeRefused(
      `${path} has format version ${format.formatVersion}, this program knows up to ${formatVersion}: start a newer AetherStore on it`,
    );
  }
  const { nodeId, clusterId, recordSeed } = format;
  if (
    format.formatVersion !== formatVersion ||
    typeof nodeId !== 'string' ||
    parseUuid(nodeId) === null ||
    !(clusterId === null || (typeof clusterId === 'string' && parseUuid(clusterId) !== null)) ||
    typeof recordSeed !== 'number'
  ) {
    throw new VolumeRefused(`${paths.format} is damaged: put it back from a backup, or empty the folder to begin a new node`);
  }
  for (const folder of [paths.segments, paths.extents]) await refuseUnlessFolder(folder);
  return { formatVersion, nodeId, clusterId, recordSeed };
}

export async function writeFormat(path: string, format: VolumeFormat): Promise<void> {
  await writeFileAtomic(volumePaths(path).format, `${JSON.stringify(format, null, 2)}\n`);
}

export async function readState(path: string): Promise<VolumeState> {
  const file = volumePaths(path).state;
  const state = parseJson(await readFile(file, 'utf8').catch(() => ''));
  const reign = state.reign as VolumeState['reign'];
  const reignIsSound = reign === null || (typeof reign === 'object' && typeof reign.epoch === 'number' && typeof reign.id === 'string');
  if (typeof state.boot !== 'number' || typeof state.clean !== 'boolean' || !reignIsSound) {
    throw new VolumeRefused(
      `${file} is missing or damaged, so the number of the last start is not known: put it back from a backup, or empty the folder to begin a new node`,
    );
  }
  return { boot: state.boot, reign, clean: state.clean };
}

export async function writeState(path: string, state: VolumeState): Promise<void> {
  await writeFileAtomic(volumePaths(path).state, `${JSON.stringify(state)}\n`);
}

async function refuseUnlessEmpty(path: string, paths: ReturnType<typeof volumePaths>): Promise<void> {
  let names: string[];
  try {
    names = await readdir(path);
  } catch (error) {
    throw new VolumeRefused(`${path} cannot be read (${errorCode(error) ?? String(error)}): create the folder or mount the disk there`, {
      cause: error,
    });
  }
  if (names.includes('format.json')) throw new VolumeRefused(`${path} is a volume already`);
  const foreign = names.filter((name) => !harmlessNames.has(name) && !name.includes('.json.tmp-'));
  if (foreign.length > 0 || (await hasFiles(paths.segments))) {
    const shown = foreign.length > 0 ? foreign.slice(0, 3).join(', ') : 'segments';
    throw new VolumeRefused(`${path} is not a volume of AetherStore but holds files (${shown}): use an empty folder, or empty this one`);
  }
  const expected = await readFile(paths.expectation, 'utf8').catch(() => null);
  if (expected === null) return;
  throw new VolumeRefused(
    `${path} is unexpectedly empty: the volume of node ${expected.trim()} should be there. Mount its disk; or, to give the volume up and begin a new node, remove ${paths.expectation}`,
  );
}

async function hasFiles(folder: string): Promise<boolean> {
  return (await readdir(folder).catch(() => [])).length > 0;
}

async function refuseUnlessFolder(path: string): Promise<void> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw new VolumeRefused(
      `${path} is missing although the volume was formatted: put it back from a backup, or empty the folder to begin a new node`,
    );
}

/** Best effort: the folder above may be read-only, or go away with its container. */
async function leaveExpectation(file: string, nodeId: string): Promise<void> {
  await writeFile(file, `${nodeId}\n`).catch(() => undefined);
}

function parseJson(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
