import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Kube } from './kube.js';
import { timeoutMs } from './timeouts.js';

/** `kubectl port-forward` to one port of a Service or pod, for as long as it lives: a forward ends with its pod. */
export class PortForward {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  static async open(kube: Kube, target: string, remotePort: number): Promise<PortForward> {
    const child = spawn('kubectl', [...kube.pins, 'port-forward', target, `:${remotePort}`], { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    const port = await new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no forward to ${target}: ${text}`)), timeoutMs('portForward'));
      const read = (piece: Buffer): void => {
        text += piece.toString();
        const found = /127\.0\.0\.1:(\d+)/.exec(text)?.[1];
        if (found === undefined) return;
        clearTimeout(timer);
        resolve(Number(found));
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', () => {
        clearTimeout(timer);
        reject(new Error(`kubectl port-forward ${target} ended: ${text}`));
      });
    }).catch((error: unknown) => {
      child.kill();
      throw error;
    });
    return new PortForward(child, port);
  }

  get isAlive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async close(): Promise<void> {
    if (!this.isAlive) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill();
    await ended;
  }
}
