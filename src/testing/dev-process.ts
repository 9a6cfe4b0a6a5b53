import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { freePortRange } from './free-ports.js';
import { builtProgram } from './process-cluster.js';

/** `aetherstore dev` of the built program, as somebody starts it. */
export class DevProcess {
  readonly port: number;
  readonly process: ChildProcess;
  /** The exit code. */
  readonly ended: Promise<number | null>;
  output = '';
  #wake: () => void = () => undefined;

  private constructor(folder: string, port: number, args: readonly string[]) {
    this.port = port;
    this.process = spawn(process.execPath, [builtProgram, 'dev', '--port', String(port), ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        this.#wake();
      });
    }
    this.ended = once(this.process, 'close').then(([code]) => {
      this.#wake();
      return code as number | null;
    });
  }

  /** Keeps its data in `aether-data` of the folder. */
  static async start(folder: string, ...args: string[]): Promise<DevProcess> {
    return new DevProcess(folder, await freePortRange(), args);
  }

  /** The same, and waits for its screen. */
  static async startUp(folder: string, ...args: string[]): Promise<DevProcess> {
    const dev = await DevProcess.start(folder, ...args);
    await dev.says('Ctrl-C stops everything');
    return dev;
  }

  async says(text: string | RegExp): Promise<void> {
    while (!(typeof text === 'string' ? this.output.includes(text) : text.test(this.output))) {
      if (this.process.exitCode !== null || this.process.signalCode !== null) throw new Error(`dev has ended: ${this.output}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async stop(): Promise<number | null> {
    this.process.kill('SIGINT');
    return this.ended;
  }
}
