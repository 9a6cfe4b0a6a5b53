import { open, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import type { Context, Start } from '../context.js';
import { formatAddress, parseObjectAddress, type Address } from '../address.js';
import { downloadFile } from '../client/download.js';
import { onFile } from '../file-error.js';
import { formatBytes } from '../output.js';
import type { Progress } from '../progress.js';
import { writeObject } from './cat.js';

export function addGet(program: Command, start: Start): void {
  program
    .command('get')
    .summary('download an object; goes on where an interrupted run stopped')
    .description(
      'Download an object, verified where it has a checksum of the whole. An interrupted download goes on where it stopped when the command is given again.',
    )
    .argument('<address>', 's3://BUCKET/KEY')
    .argument('[file]', 'file or folder; - for stdout', '.')
    .action(async (text: string, file: string, _options: object, command: Command) => {
      const context = start(command);
      const address = parseObjectAddress(text);
      if (file === '-') return writeObject(context, address, null);
      await onFile(file, 'written', () => getFile(context, address, file));
    });
}

async function getFile(context: Context, address: Address, file: string): Promise<void> {
  const client = context.s3(address.profile);
  const named = (await isFolder(file)) ? join(file, basename(address.key)) : file;
  const path = await replaceablePath(named);
  if (path === null) return writeInto(named, context, address);
  let progress: Progress | null = null;
  try {
    const { head, resumedBytes, verifiedBy } = await downloadFile(
      client,
      { bucket: address.bucket, key: address.key, file: path },
      {
        signal: context.signal,
        onStart(found, doneBytes) {
          progress = context.progress({ label: basename(named), totalBytes: found.sizeBytes, doneBytes });
          if (doneBytes > 0) context.note(`${formatBytes(doneBytes)} are there from an earlier run.`);
        },
        onProgress: (added) => progress?.add(added),
      },
    );
    const verified =
      verifiedBy === null ? 'without a checksum of the whole to compare with; the store checked each block' : `verified by ${verifiedBy}`;
    await context.output.result(
      { file: named, bucket: address.bucket, key: address.key, sizeBytes: head.sizeBytes, etag: head.etag, resumedBytes, verifiedBy },
      `${named}  ${formatBytes(head.sizeBytes)}, ${verified}`,
      named,
    );
  } catch (error) {
    if (context.signal.aborted) context.note(`What has arrived is kept; go on with: aether get ${formatAddress(address)} ${file}`);
    throw error;
  } finally {
    (progress as Progress | null)?.end();
  }
}

/** The file that a download replaces: where a link leads to. Null when what is there is no file: it is written into, never replaced. */
async function replaceablePath(path: string): Promise<string | null> {
  try {
    return (await stat(path)).isFile() ? await realpath(path) : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return path;
    throw error;
  }
}

/** Into a device or a pipe. */
async function writeInto(path: string, context: Context, address: Address): Promise<void> {
  const handle = await open(path, 'w');
  try {
    await writeObject(context, address, null, (piece) => handle.writeFile(piece));
  } finally {
    await handle.close();
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
