import { CliError } from './cli-error.js';
import { exitCode, type ExitCode } from './exit-code.js';

const reasons: Readonly<Record<string, { why: string; exitCode: ExitCode }>> = {
  ENOENT: { why: 'There is no such file or folder.', exitCode: exitCode.notFound },
  ENOTDIR: { why: 'A part of the path is not a folder.', exitCode: exitCode.notFound },
  EACCES: { why: 'This user may not.', exitCode: exitCode.denied },
  EPERM: { why: 'This user may not.', exitCode: exitCode.denied },
  EROFS: { why: 'It is on a file system that is read-only.', exitCode: exitCode.denied },
  ENOSPC: { why: 'The disk is full.', exitCode: exitCode.other },
  EISDIR: { why: 'It is a folder.', exitCode: exitCode.usage },
};

/** Runs work on a file of this machine; what the system refuses is told with the name that was typed. */
export async function onFile<T>(typed: string, verb: 'read' | 'written', work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof CliError ? '' : ((error as NodeJS.ErrnoException).code ?? '');
    const reason = reasons[code];
    if (reason === undefined) throw error;
    const { exitCode: end, why } = reason;
    throw new CliError({ exitCode: end, code: `file-${code.toLowerCase()}`, what: `${typed} cannot be ${verb}.`, why }, { cause: error });
  }
}
