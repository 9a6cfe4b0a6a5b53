import type { Log } from '../base/log.js';
import { exitCodes, type RoleFailure } from '../base/running-role.js';

/** The error law's last part: a failed disk is told to the master, then the process ends. Told or not, it ends once. */
export class DiskFault {
  /** Resolves when the role must end. */
  readonly failed: Promise<RoleFailure>;
  readonly #log: Log;
  #end!: (failure: RoleFailure) => void;
  #lastWord: ((reason: string) => Promise<void>) | null = null;

  constructor(log: Log) {
    this.#log = log;
    this.failed = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Who is told before the end; takes a bounded time. */
  tellFirst(lastWord: (reason: string) => Promise<void>): void {
    this.#lastWord = lastWord;
  }

  happened(reason: Error): void {
    this.#log.fatal({ err: reason }, 'the disk failed: no more writes on this volume, the process ends');
    const end = (): void => this.#end({ exitCode: exitCodes.ioFault, reason: `disk fault: ${reason.message}` });
    if (this.#lastWord === null) end();
    else this.#lastWord(reason.message).then(end, end);
  }
}
