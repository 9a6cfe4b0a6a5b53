import { mkdir, readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { formatVolume, volumePaths } from '../chunks/volume-identity.js';
import { Volume, type VolumeOptions, type VolumeParts } from '../chunks/volume.js';

/**
 * Opens the volume. A folder without one is made a volume first, with a new node id and without a cluster; `formatVolume`
 * refuses when the folder is not empty, or when a volume should be there.
 */
export async function openOrFormatVolume(options: VolumeOptions, parts: VolumeParts): Promise<Volume> {
  const { path } = options;
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (!(await readdir(path)).includes(basename(volumePaths(path).format))) {
    const nodeId = parts.random.uuidV4();
    await formatVolume(path, { clusterId: null, nodeId }, parts);
    parts.log.info({ path, nodeId }, 'formatted a new volume');
  }
  return Volume.open(options, parts);
}
