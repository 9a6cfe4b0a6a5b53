/** The disk or the quota has no room for more bytes or more files; nothing is broken. */
export function isFullError(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

export function isMissingError(error: unknown): boolean {
  return errorCode(error) === 'ENOENT';
}

/** The system's name of the error, `null` when it did not come from the system. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
