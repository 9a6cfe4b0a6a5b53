import { mkdir, readdir } from 'node:fs/promises';
import { ConfigError } from '../base/config/config-error.js';
import { StartRefused } from '../base/start-refused.js';

/** Makes the folder of a dev store. Throws `ConfigError` when it cannot be one. */
export async function makeDevFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOTDIR') throw new ConfigError(`--dir: ${dir} is not a folder`, { cause: error });
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
      throw new ConfigError(`--dir: ${dir} cannot be made by this user (${code})`, { cause: error });
    throw error;
  }
}

/** Throws `ConfigError` when the folder has more datanodes than are to be started: their copies would be missing. */
export async function refuseFewerNodes(dir: string, nodes: number): Promise<void> {
  const numbers = (await readdir(dir)).flatMap((name) => /^node-([1-9]\d*)$/.exec(name)?.[1] ?? []).map(Number);
  const leftOut = numbers.filter((number) => number > nodes).toSorted((a, b) => a - b);
  if (leftOut.length === 0) return;
  const names = leftOut.map((number) => `node-${number}`).join(', ');
  const found = Math.max(...numbers);
  throw new ConfigError(
    `${numbers.length} nodes found in ${dir}; --nodes ${nodes} would leave out ${names}: start with --nodes ${found} (make run ARGS="--nodes ${found}")`,
  );
}

/** Runs what writes into the folder; a full disk is told in one line. */
export async function orDiskFull<T>(dir: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    throw new StartRefused(`the disk of ${dir} is full: free some space there, or give another folder with --dir`, { cause: error });
  }
}
