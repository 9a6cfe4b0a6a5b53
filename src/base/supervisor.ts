import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { Backoff } from './backoff.js';
import type { Clock } from './clock.js';
import { must } from './must.js';
import type { Random } from './random.js';
import { exitCodes, type RoleFailure } from './running-role.js';

const restartLimits = { firstDelayMs: 100, maxDelayMs: 10_000 };
/** A child that ran for so long had started well: the next restart is a quick one again. */
const settledAfterMs = 10_000;
/** What is longer is cut into several lines. */
const lineLengthMax = 64 * 1024;

/** What a child sends over its channel once its role is up. */
export const readyMessage = 'ready';

export interface ChildCommand {
  /** How it is called in messages: `node-1`. */
  name: string;
  /** What follows `node`: flags for node itself, the script, the role and its flags. */
  args: readonly string[];
  environment: Readonly<Record<string, string | undefined>>;
}

export interface SupervisorOptions {
  /** Gets each line that a child writes; null lets children write to where this process writes. */
  onLine: ((name: string, line: string) => void) | null;
  /** A child ended without being asked to, and starts again after `againInMs`. */
  onRestart: (name: string, how: string, againInMs: number) => void;
  /** A child refuses to start for good, for this reason. True: the others go on without it; else it is `failed`. */
  onRefused?: (name: string, reason: string) => boolean;
}

/**
 * Child processes that are started again when they end, with a growing pause. A child that refuses its configuration
 * or volume (exit code 2) is not: it would refuse again, for the reason that its last line tells.
 *
 * No child outlives this process, however it ends: each holds a channel to it and stops when the channel closes.
 * Children have a process group of their own, so that Ctrl-C reaches only this process, which stops them in order.
 */
export class Supervisor {
  readonly failed: Promise<RoleFailure>;
  readonly #options: SupervisorOptions;
  readonly #parts: { clock: Clock; random: Random };
  readonly #children = new Map<string, Child>();
  #fail: (failure: RoleFailure) => void = () => undefined;

  constructor(options: SupervisorOptions, parts: { clock: Clock; random: Random }) {
    this.#options = options;
    this.#parts = parts;
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  /** Starts a child; resolves when its role is up for the first time, or when the others go on without it. */
  start(command: ChildCommand): Promise<void> {
    const child = new Child(command, this.#options, this.#parts, this.#fail);
    this.#children.set(command.name, child);
    child.start();
    return child.ready;
  }

  /** Asks the named children to stop, and kills those that have not ended by then. All of them when none is named. */
  async stop(deadlineMs: number, names: readonly string[] = [...this.#children.keys()]): Promise<void> {
    await Promise.all(names.map((name) => must(this.#children.get(name), name).stop(deadlineMs)));
  }
}

class Child {
  readonly ready: Promise<void>;
  readonly #command: ChildCommand;
  readonly #options: SupervisorOptions;
  readonly #parts: { clock: Clock; random: Random };
  readonly #fail: (failure: RoleFailure) => void;
  readonly #backoff: Backoff;
  #isReady: () => void = () => undefined;
  #process: ChildProcess | null = null;
  #lastLine = '';
  #startedMs = 0;
  readonly #stopping = new AbortController();
  #ended: () => void = () => undefined;

  constructor(
    command: ChildCommand,
    options: SupervisorOptions,
    parts: { clock: Clock; random: Random },
    fail: (failure: RoleFailure) => void,
  ) {
    this.#command = command;
    this.#options = options;
    this.#parts = parts;
    this.#fail = fail;
    this.#backoff = new Backoff(restartLimits, parts.random);
    this.ready = new Promise((resolve) => {
      this.#isReady = resolve;
    });
  }

  start(): void {
    this.#lastLine = '';
    const { name, args, environment } = this.#command;
    const { onLine } = this.#options;
    const output = onLine ? 'pipe' : 'inherit';
    const child = spawn(process.execPath, args, { env: environment, detached: true, stdio: ['ignore', output, output, 'ipc'] });
    this.#process = child;
    this.#startedMs = this.#parts.clock.monotonicMs();
    const take = (line: string): void => {
      this.#lastLine = line;
      onLine?.(name, line);
    };
    for (const stream of [child.stdout, child.stderr]) if (stream) eachLine(stream, take);
    child.on('message', (message) => {
      if (message === readyMessage) this.#isReady();
    });
    child.on('error', (error) => onLine?.(name, error.message));
    // Not before what it said last has been read
    child.on('close', (code, signal) => this.#onEnd(code, signal));
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort(new Error(`${this.#command.name} stops`));
    const child = this.#process;
    if (!child) return;
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    const deadline = this.#parts.clock.setTimer(deadlineMs, () => child.kill('SIGKILL'));
    child.kill('SIGTERM');
    await ended;
    deadline.cancel();
  }

  #onEnd(code: number | null, signal: NodeJS.Signals | null): void {
    this.#process = null;
    if (this.#stopping.signal.aborted) return this.#ended();
    const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
    if (code === exitCodes.refused) {
      const { name } = this.#command;
      const reason = `${name} ${how}${this.#lastLine === '' ? '' : `: ${this.#lastLine}`}`;
      if (this.#options.onRefused?.(name, reason) === true) this.#isReady();
      else this.#fail({ exitCode: code, reason });
      return;
    }
    if (this.#parts.clock.monotonicMs() - this.#startedMs >= settledAfterMs) this.#backoff.reset();
    const delayMs = this.#backoff.nextDelayMs();
    this.#options.onRestart(this.#command.name, how, delayMs);
    // a sleep, not a timer: with all children down, nothing else keeps this process alive
    this.#parts.clock.sleep(delayMs, this.#stopping.signal).then(
      () => this.start(),
      () => undefined,
    );
  }
}

function eachLine(stream: Readable, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > lineLengthMax) {
      lines.push(rest);
      rest = '';
    }
    for (const line of lines) take(line);
  });
  stream.on('end', () => {
    if (rest !== '') take(rest);
  });
}
