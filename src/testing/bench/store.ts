import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { must } from '../../base/must.js';
import { RequestSigner } from '../../s3/sign.js';
import type { LoadRequest } from './load.js';
import { commandLine, processTree, residentBytes } from './measure.js';

const roles = ['gateway', 'master', 'datanode'] as const;
export type Role = (typeof roles)[number];

/** The built program as its users run it: `aetherstore dev`, three datanodes, default settings. */
export class Store {
  readonly port: number;
  readonly #signer: RequestSigner;
  readonly #process: ChildProcess;
  /** From the start of the command to the answer of the first PUT. */
  readonly secondsToFirstPut: number;

  private constructor(process: ChildProcess, port: number, signer: RequestSigner, secondsToFirstPut: number) {
    this.#process = process;
    this.port = port;
    this.#signer = signer;
    this.secondsToFirstPut = secondsToFirstPut;
  }

  static async start(folder: string, port: number): Promise<Store> {
    const begin = performance.now();
    const dir = join(folder, 'store');
    const child = spawn(process.execPath, ['dist/main.js', 'dev', '--dir', dir, '--port', String(port)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const deadline = begin + startTimeoutMs;
    for (;;) {
      const signer = signerOf(join(dir, 'credentials.env'));
      if (signer !== null && (await firstPut(signer, port))) return new Store(child, port, signer, (performance.now() - begin) / 1000);
      if (child.exitCode !== null) throw new Error(`aetherstore dev ended with ${child.exitCode}`);
      if (performance.now() > deadline) throw new Error(`no PUT succeeded within ${startTimeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The pids of each role: its processes' command lines name it. */
  pids(): Record<Role, number[]> {
    const tree = processTree(must(this.#process.pid, 'pid')).filter((pid) => pid !== this.#process.pid);
    return Object.fromEntries(roles.map((role) => [role, tree.filter((pid) => commandLine(pid).split(' ').includes(role))])) as Record<
      Role,
      number[]
    >;
  }

  /** The largest resident memory of a role's processes. */
  residentBytes(role: Role): number {
    return Math.max(...this.pids()[role].map(residentBytes));
  }

  /** A signed request as it goes over the socket; a body is sent under its SHA-256, as SDKs do without TLS. */
  request(
    method: string,
    path: string,
    query: readonly (readonly [string, string])[] = [],
    body: { bytes: Buffer; sha256: string } | null = null,
  ): LoadRequest {
    return signed(this.#signer, this.port, { method, path, query }, body);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGTERM');
    await ended;
  }
}

const startTimeoutMs = 30_000;
const sha256OfNothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function signerOf(path: string): RequestSigner | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null; // not written yet
  }
  const value = (name: string): string => must(new RegExp(`^(?:export )?${name}=(.*)$`, 'm').exec(text)?.[1], name);
  return new RequestSigner(
    { accessKeyId: value('AWS_ACCESS_KEY_ID'), secretAccessKey: value('AWS_SECRET_ACCESS_KEY') },
    value('AWS_REGION'),
  );
}

function signed(
  signer: RequestSigner,
  port: number,
  request: { method: string; path: string; query: readonly (readonly [string, string])[] },
  body: { bytes: Buffer; sha256: string } | null,
): LoadRequest {
  const host = `127.0.0.1:${port}`;
  const headers = signer.sign({ ...request, headers: { host } }, body?.sha256 ?? sha256OfNothing, Date.now());
  const query = request.query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  if (body) lines.push(`content-length: ${body.bytes.length}\r\n`);
  return { head: `${request.method} ${request.path}${query && `?${query}`} HTTP/1.1\r\n${lines.join('')}\r\n`, body: body?.bytes ?? null };
}

async function firstPut(signer: RequestSigner, port: number): Promise<boolean> {
  const host = `127.0.0.1:${port}`;
  const headers = signer.sign({ method: 'PUT', path: '/demo/first', query: [], headers: { host } }, sha256OfNothing, Date.now());
  const { host: _, ...rest } = headers;
  const answer = await fetch(`http://${host}/demo/first`, { method: 'PUT', headers: rest, body: '' }).catch(() => null);
  return answer?.ok ?? false;
}
