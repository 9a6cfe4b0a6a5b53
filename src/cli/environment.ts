import { homedir } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { systemClock, type Clock } from '../base/clock.js';
import { systemRandom, type Random } from '../base/random.js';
import { version } from '../base/version.js';

/** Everything that the command line touches of the process it runs in. Only `systemEnvironment` reads `process`. */
export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
  readonly workingFolder: string;
  readonly input: Readable;
  readonly inputIsTerminal: boolean;
  readonly output: Writable;
  readonly outputIsTerminal: boolean;
  readonly errors: Writable;
  readonly errorsIsTerminal: boolean;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  /** Of this program. */
  readonly version: string;
}

export function systemEnvironment(interrupted: AbortSignal): Environment {
  return {
    variables: process.env,
    homeFolder: homedir(),
    workingFolder: process.cwd(),
    input: process.stdin,
    inputIsTerminal: isatty(0),
    output: process.stdout,
    outputIsTerminal: isatty(1),
    errors: process.stderr,
    errorsIsTerminal: isatty(2),
    interrupted,
    clock: systemClock,
    random: systemRandom,
    version,
  };
}
