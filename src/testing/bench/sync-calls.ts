import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

export interface SyncCalls {
  /** fsync and fdatasync. */
  flushes: number;
  /** Writes into files opened O_DSYNC or O_SYNC: durable when they return. */
  syncedWrites: number;
}

const openedSynced = 0o10000; // O_DSYNC; O_SYNC contains it

function syncedFiles(pid: number): Set<number> {
  const files = new Set<number>();
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    const flags = Number.parseInt(/^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${name}`, 'utf8'))?.[1] ?? '0', 8);
    if (flags & openedSynced && readlinkSync(`/proc/${pid}/fd/${name}`).startsWith('/')) files.add(Number(name));
  }
  return files;
}

/** What a process asks of its disk while `work` runs, counted by strace. Null where strace is not installed. */
export async function countSyncCalls(pid: number, work: () => Promise<unknown>): Promise<SyncCalls | null> {
  if (spawnSync('strace', ['-V']).error) return null;
  const tracer = spawn('strace', ['-f', '-q', '-e', 'trace=fsync,fdatasync,pwrite64,pwritev,pwritev2,writev', '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  const attached = new Promise<void>((resolve) => {
    tracer.stderr.on('data', (data: Buffer) => {
      text += data.toString();
      resolve(); // whatever it says first, it has attached
    });
  });
  // With -q nothing is said until the first call: a process that works (heartbeats, commits) makes one soon.
  const begun = work();
  await attached;
  await begun;
  const files = syncedFiles(pid);
  tracer.kill('SIGINT');
  await new Promise((resolve) => tracer.once('close', resolve));
  let flushes = 0;
  let syncedWrites = 0;
  for (const line of text.split('\n')) {
    const call = /\b(fsync|fdatasync|pwrite64|pwritev2?|writev)\((\d+)/.exec(line);
    if (!call) continue;
    if (call[1]?.startsWith('f')) flushes += 1;
    else if (files.has(Number(call[2]))) syncedWrites += 1;
  }
  return { flushes, syncedWrites };
}
