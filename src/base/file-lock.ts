import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { StartRefused } from './start-refused.js';

/**
 * Holds a file for this process alone. Node has no flock(2): the program `flock` takes it on our own open file, inherited
 * as its descriptor 3, and it stays with the open file when that program ends. The kernel lets go when we exit, however
 * that happens. Throws `StartRefused`; `holder` says who else may hold it.
 */
export function lockFile(path: string, holder: string): { release: () => void } {
  const fd = openSync(path, 'a', 0o600);
  const result = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  if (result.status === 0) return { release: () => closeSync(fd) };
  closeSync(fd);
  if (result.error) throw new StartRefused('the program flock (package util-linux) is needed to lock a folder', { cause: result.error });
  throw new StartRefused(`${path} is held by another process: stop ${holder} first`);
}
