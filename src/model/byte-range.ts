/** Bytes [startBytes, endBytes) of something. */
export interface ByteRange {
  startBytes: number;
  endBytes: number;
}

/** More digits than a safe integer has: such a position lies behind every object. */
const POSITION_DIGITS_MAX = 15;
const RANGE_PATTERN = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i;

function position(digits: string): number {
  const significant = digits.replace(/^0+(?=\d)/, '');
  return significant.length > POSITION_DIGITS_MAX ? Number.MAX_SAFE_INTEGER : Number(significant);
}

/**
 * What a Range header asks of `sizeBytes` bytes (RFC 9110, 14.2). Null means "answer the whole": no header, a header
 * that is not valid, another unit, or several ranges, all of which S3 ignores. `unsatisfiable` is a 416.
 */
export function parseRange(header: string | null, sizeBytes: number): ByteRange | 'unsatisfiable' | null {
  const match = header === null ? null : RANGE_PATTERN.exec(header);
  if (!match) return null;
  const [, first, last] = match as unknown as [string, string, string];
  if (first === '' && last === '') return null;
  if (first === '') {
    const suffixBytes = Math.min(position(last), sizeBytes);
    return suffixBytes === 0 ? 'unsatisfiable' : { startBytes: sizeBytes - suffixBytes, endBytes: sizeBytes };
  }
  const startBytes = position(first);
  const lastBytes = last === '' ? Number.MAX_SAFE_INTEGER : position(last);
  if (lastBytes < startBytes) return null;
  if (startBytes >= sizeBytes) return 'unsatisfiable';
  return { startBytes, endBytes: Math.min(lastBytes + 1, sizeBytes) };
}
