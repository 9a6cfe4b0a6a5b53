import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

interface FioJob {
  jobs: { write: { iops: number; bw_bytes: number; clat_ns: FioPercentiles }; sync: { lat_ns: FioPercentiles } }[];
}
interface FioPercentiles {
  percentile?: Record<string, number>;
}

function fio(folder: string, flags: string[]): FioJob['jobs'][0] {
  const file = join(folder, 'fio.bin');
  try {
    const text = execFileSync('fio', ['--name=reference', `--filename=${file}`, '--output-format=json', ...flags], {
      encoding: 'utf8',
      maxBuffer: 16 * 1024 * 1024,
    });
    const job = (JSON.parse(text.slice(text.indexOf('{'))) as FioJob).jobs[0];
    if (!job) throw new Error('fio ran no job');
    return job;
  } finally {
    rmSync(file, { force: true });
  }
}

/** F1: 4 KiB write + fdatasync into a pre-written file, one job: median of write plus sync, in ms. */
export function fioSyncedWriteMs(folder: string): number {
  const job = fio(folder, [
    '--rw=write',
    '--bs=4k',
    '--size=64m',
    '--overwrite=1',
    '--fdatasync=1',
    '--ioengine=psync',
    '--runtime=2',
    '--time_based',
  ]);
  return ((job.write.clat_ns.percentile?.['50.000000'] ?? Number.NaN) + (job.sync.lat_ns.percentile?.['50.000000'] ?? Number.NaN)) / 1e6;
}

/** F128: 128 KiB O_DSYNC writes into a pre-written file, one job: writes a second. One of them carries 32 records of 4 KiB. */
export function fioBatchesPerSecond(folder: string): number {
  return fio(folder, [
    '--rw=write',
    '--bs=128k',
    '--size=256m',
    '--overwrite=1',
    '--sync=dsync',
    '--ioengine=psync',
    '--runtime=2',
    '--time_based',
  ]).write.iops;
}

/** FD: 1 MiB O_DIRECT into a new file, fdatasync after each 16 MiB: bytes a second. */
export function fioStreamBytesPerSecond(folder: string): number {
  return fio(folder, ['--rw=write', '--bs=1m', '--size=1g', '--direct=1', '--fdatasync=16', '--ioengine=psync', '--runtime=2']).write
    .bw_bytes;
}
