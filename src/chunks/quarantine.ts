import { readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder, writeFileAtomic } from '../base/atomic-file.js';
import { isMissingError } from './disk-error.js';

/** Why a volume is not trusted; stands on it until a person clears it. */
export interface QuarantineMarker {
  reason: string;
  sinceMs: number;
}

/** The marker, or null. One that cannot be read or understood counts as one. */
export async function readQuarantine(path: string): Promise<QuarantineMarker | null> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Partial<QuarantineMarker>;
    return { reason: value.reason ?? 'no reason was written', sinceMs: value.sinceMs ?? 0 };
  } catch (error) {
    return isMissingError(error) ? null : { reason: 'the quarantine marker cannot be read', sinceMs: 0 };
  }
}

export async function writeQuarantine(path: string, marker: QuarantineMarker): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(marker)}\n`);
}

export async function removeQuarantine(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!isMissingError(error)) throw error;
  });
  await syncFolder(dirname(path));
}
