import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A server that a row is compared with. */
export interface ReferenceServer {
  port: number;
  pid: number;
  stop(): void;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error(`could not start ${child.spawnfile}`);
  return child.pid;
}

/** H: node:http that answers one line. */
export async function startHello(): Promise<ReferenceServer> {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('./hello-server.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the hello server ended')));
    child.stdout.once('data', (line: Buffer) => resolve(Number(line.toString())));
  });
  return { port, pid: pidOf(child), stop: () => child.kill('SIGKILL') };
}

/** N: nginx that serves one file with read+write (sendfile off), one worker. Null where nginx is not installed. */
export async function startNginx(folder: string, sizeBytes: number): Promise<ReferenceServer | null> {
  if (spawnSync('nginx', ['-v']).error) return null;
  const root = join(folder, 'nginx');
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'body.bin'), randomBytes(sizeBytes));
  const port = await freePort();
  const settings = `
    user root; worker_processes 1; daemon off; master_process off; pid ${root}/pid; error_log stderr crit;
    events { worker_connections 256; }
    http {
      access_log off; sendfile off; output_buffers 1 512k; keepalive_requests 1000000;
      client_body_temp_path ${root}/a; proxy_temp_path ${root}/b; fastcgi_temp_path ${root}/c; uwsgi_temp_path ${root}/d; scgi_temp_path ${root}/e;
      server { listen 127.0.0.1:${port}; root ${root}; }
    }`;
  writeFileSync(join(root, 'nginx.conf'), settings);
  const child = spawn('nginx', ['-c', join(root, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'inherit'] });
  const deadline = Date.now() + 5000;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/body.bin`, { method: 'HEAD' }).catch(() => null);
    if (answer?.ok) break;
    if (Date.now() > deadline) throw new Error('nginx did not answer within 5 s');
  }
  return { port, pid: pidOf(child), stop: () => child.kill('SIGKILL') };
}

/** M: CPU of MD5 over so many bytes, in microseconds. */
export function md5Micros(sizeBytes: number): number {
  const bytes = randomBytes(sizeBytes);
  const before = process.cpuUsage();
  createHash('md5').update(bytes).digest();
  const used = process.cpuUsage(before);
  return used.user + used.system;
}

/** One file an object, written as durably as the log: temporary, fdatasync, rename, sync of the folder. Objects a second. */
export async function filePerObjectRate(folder: string, writers: number, durationMs: number): Promise<number> {
  const root = join(folder, 'files');
  mkdirSync(root, { recursive: true });
  const bytes = randomBytes(4096);
  const directory = await open(root, 'r');
  const begin = performance.now();
  let count = 0;
  async function writer(name: number): Promise<void> {
    for (let turn = 0; performance.now() - begin < durationMs; turn += 1) {
      const path = join(root, `${name}-${turn}`);
      const file = await open(`${path}.tmp`, 'wx');
      await file.write(bytes);
      await file.datasync();
      await file.close();
      await rename(`${path}.tmp`, path);
      await directory.sync();
      count += 1;
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, name) => writer(name)));
  const seconds = (performance.now() - begin) / 1000;
  await directory.close();
  rmSync(root, { recursive: true });
  return count / seconds;
}
