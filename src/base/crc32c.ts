import { crc32c as nativeCrc32c } from '@node-rs/crc32';

/** CRC-32C (Castagnoli, RFC 3720 B.4) as an unsigned number; pass the previous value to go on with a stream. */
export function crc32c(data: Buffer, previous = 0): number {
  return nativeCrc32c(data, previous);
}

const POLYNOMIAL = 0x82f63b78;

function timesMatrix(matrix: Uint32Array, vector: number): number {
  let sum = 0;
  for (let bit = 0, rest = vector; rest !== 0; bit += 1, rest >>>= 1) if (rest & 1) sum ^= matrix[bit]!;
  return sum >>> 0;
}

function square(target: Uint32Array, matrix: Uint32Array): void {
  for (let bit = 0; bit < 32; bit += 1) target[bit] = timesMatrix(matrix, matrix[bit]!);
}

/**
 * The CRC of `a` followed by `b`, from their CRCs and the length of `b`, without their bytes
 * (matrix method of zlib's crc32_combine).
 */
export function combineCrc32c(crcA: number, crcB: number, lengthBytesB: number): number {
  if (lengthBytesB === 0) return crcA;
  let odd: Uint32Array = new Uint32Array(32);
  let even: Uint32Array = new Uint32Array(32);
  odd[0] = POLYNOMIAL;
  for (let bit = 1; bit < 32; bit += 1) odd[bit] = 2 ** (bit - 1);
  square(even, odd); // two zero bits
  square(odd, even); // four
  let crc = crcA;
  for (let rest = lengthBytesB; rest > 0; rest = Math.floor(rest / 2)) {
    square(even, odd); // first turn: eight zero bits, one byte
    if (rest % 2 === 1) crc = timesMatrix(even, crc);
    [odd, even] = [even, odd];
  }
  return (crc ^ crcB) >>> 0;
}

/** `combineCrc32c` for many second parts of one length: the matrix is made once, a call costs as much as a short loop. */
export function createCrc32cCombiner(lengthBytesB: number): (crcA: number, crcB: number) => number {
  const matrix = Uint32Array.from({ length: 32 }, (_, bit) => combineCrc32c(2 ** bit, 0, lengthBytesB));
  return (crcA, crcB) => (timesMatrix(matrix, crcA) ^ crcB) >>> 0;
}
