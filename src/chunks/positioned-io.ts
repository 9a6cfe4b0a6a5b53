import { close, fdatasync, fstat, ftruncate, open, read, writev } from 'node:fs';
import { promisify } from 'node:util';

/*
 * Plain positioned reads and writes on file descriptors. Nothing here retries: a failed write or sync means that the
 * volume is not trusted any more (README, error law), and that is decided by the caller.
 */

export const openFd = promisify(open);
export const closeFd = promisify(close);
export const statFd = promisify(fstat);
export const syncDataFd = promisify(fdatasync);
export const truncateFd = promisify(ftruncate);

/** Writes all buffers one after the other at `positionBytes`, with one system call unless the kernel writes short. */
export function writeAll(fd: number, buffers: Buffer[], positionBytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    writev(fd, buffers, positionBytes, (error, writtenBytes) => {
      if (error) return reject(error);
      const rest = withoutFirst(buffers, writtenBytes);
      if (rest.length === 0) return resolve();
      if (writtenBytes === 0) return reject(new Error('the file system wrote nothing and gave no error'));
      resolve(writeAll(fd, rest, positionBytes + writtenBytes));
    });
  });
}

/** Fills `target` from `positionBytes` on; answers fewer bytes only at the end of the file. */
export async function readFully(fd: number, target: Buffer, positionBytes: number): Promise<number> {
  let filledBytes = 0;
  while (filledBytes < target.length) {
    const readBytes = await readOnce(fd, target, filledBytes, positionBytes + filledBytes);
    if (readBytes === 0) break;
    filledBytes += readBytes;
  }
  return filledBytes;
}

function readOnce(fd: number, target: Buffer, targetOffset: number, positionBytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, target, targetOffset, target.length - targetOffset, positionBytes, (error, readBytes) => {
      if (error) reject(error);
      else resolve(readBytes);
    });
  });
}

function withoutFirst(buffers: Buffer[], bytes: number): Buffer[] {
  let skipBytes = bytes;
  let index = 0;
  while (index < buffers.length && skipBytes >= buffers[index]!.length) {
    skipBytes -= buffers[index]!.length;
    index += 1;
  }
  if (index === buffers.length) return [];
  return [buffers[index]!.subarray(skipBytes), ...buffers.slice(index + 1)];
}
