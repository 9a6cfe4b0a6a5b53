import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { VolumeRefused } from './volume-identity.js';

/**
 * Holds the volume for the life of this process. Node has no flock(2): the `flock` program takes it on our own open
 * file, inherited as its descriptor 3, and it stays with the open file when that program ends. The kernel lets go when
 * we exit, however that happens.
 */
export function lockVolume(lockPath: string): { release: () => void } {
  const fd = openSync(lockPath, 'a');
  const result = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  if (result.status === 0) return { release: () => closeSync(fd) };
  closeSync(fd);
  if (result.error) throw new VolumeRefused('the program flock (package util-linux) is needed to lock the volume', { cause: result.error });
  throw new VolumeRefused(`${lockPath} is held by another process: stop the other datanode on this volume first`);
}
