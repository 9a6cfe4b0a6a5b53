import { setMaxListeners } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { systemClock } from '../base/clock.js';
import { systemRandom } from '../base/random.js';
import type { Environment } from '../cli/environment.js';
import { runCli } from '../cli/program.js';

export interface AetherRun {
  code: number;
  out: string;
  /** What went to stdout, as bytes. */
  bytes: Buffer;
  err: string;
}

export interface AetherOptions {
  variables?: Record<string, string>;
  folder: string;
  stdin?: string | Readable;
  terminal?: boolean;
  interrupt?: AbortController;
}

/** Runs `aether` inside this process, with an environment made for it. */
export async function runAether(args: readonly string[], options: AetherOptions): Promise<AetherRun> {
  const [out, err] = [new Gathered(), new Gathered()];
  const interrupt = options.interrupt ?? new AbortController();
  setMaxListeners(0, interrupt.signal);
  const { stdin = '', terminal = false } = options;
  const environment: Environment = {
    variables: options.variables ?? {},
    homeFolder: options.folder,
    workingFolder: options.folder,
    input: typeof stdin === 'string' ? Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]) : stdin,
    inputIsTerminal: false,
    output: out,
    outputIsTerminal: terminal,
    errors: err,
    errorsIsTerminal: false,
    interrupted: interrupt.signal,
    clock: systemClock,
    random: systemRandom,
    version: '1.2.3',
  };
  const code = await runCli(args, environment);
  return { code, out: out.bytes().toString(), bytes: out.bytes(), err: err.bytes().toString() };
}

class Gathered extends Writable {
  readonly #pieces: Buffer[] = [];

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.#pieces.push(piece);
    done();
  }

  bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}
