import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync } from 'node:fs';

export interface ProcessEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface RoleProcessOptions {
  /** `main.js` of a build. */
  programPath: string;
  /** Role and flags. */
  args: string[];
  environment: Record<string, string>;
  /** stdout and stderr are appended here. */
  logPath: string;
}

/** One real process of the program. */
export class RoleProcess {
  readonly #child: ChildProcess;
  readonly #logPath: string;
  /** Resolves when the process has ended, however. */
  readonly ended: Promise<ProcessEnd>;
  #end: ProcessEnd | null = null;

  constructor(options: RoleProcessOptions) {
    this.#logPath = options.logPath;
    const output = openSync(options.logPath, 'a');
    const { PATH = '', HOME = '' } = process.env;
    this.#child = spawn(process.execPath, [options.programPath, ...options.args], {
      env: { PATH, HOME, ...options.environment },
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    // A test run that ends in the middle leaves nothing behind.
    const killAtExit = (): void => this.kill();
    process.once('exit', killAtExit);
    this.ended = (once(this.#child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>).then(([code, signal]) => {
      process.removeListener('exit', killAtExit);
      this.#end = { code, signal };
      return this.#end;
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** How it ended, null while it runs. */
  get end(): ProcessEnd | null {
    return this.#end;
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (this.#end === null) this.#child.kill(signal);
  }

  /** The last lines of its output. */
  lastOutput(lines = 30): string {
    return readFileSync(this.#logPath, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }
}
