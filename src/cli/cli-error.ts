import { exitCode, type ExitCode } from './exit-code.js';

export interface CliErrorFacts {
  exitCode: ExitCode;
  /** For programs: a code of S3 or of the REST API, or a word of our own (`usage`, `unreachable`). */
  code: string;
  /** One sentence: what did not work. */
  what: string;
  /** One sentence: the reason, as far as it is known. */
  why?: string | null;
  /** The next command to type. */
  hint?: string | null;
  /** To find the request in the logs of the store. */
  requestId?: string | null;
}

/** What a command ends with when it could not do its work; said once, by `program.ts`. Never holds a secret. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly facts: Readonly<Required<CliErrorFacts>>;

  constructor(facts: CliErrorFacts, options?: ErrorOptions) {
    super(facts.what, options);
    this.facts = { why: null, hint: null, requestId: null, ...facts };
  }
}

export function usageError(what: string, hint: string | null = null): CliError {
  return new CliError({ exitCode: exitCode.usage, code: 'usage', what, hint });
}

/** Ctrl-C. */
export function interruptedError(): CliError {
  return new CliError({ exitCode: exitCode.interrupted, code: 'interrupted', what: 'Interrupted.' });
}
