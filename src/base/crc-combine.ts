/*
 * CRCs as polynomials over GF(2): the CRC of `a` followed by `b` is crc(a)·x^(8·|b|) + crc(b). Holds for CRCs whose
 * register begins and ends inverted, as those below. Words are reflected: the highest bit stands for x⁰.
 */

export type CombinableCrc = 'CRC32' | 'CRC32C' | 'CRC64NVME';

/** Up to 64 bits; a CRC of 32 bits stands in `high`. */
interface Word {
  high: number;
  low: number;
}

interface CrcKind {
  bytes: 4 | 8;
  polynomial: Word;
}

const kinds: Record<CombinableCrc, CrcKind> = {
  CRC32: { bytes: 4, polynomial: { high: 0xedb88320, low: 0 } },
  CRC32C: { bytes: 4, polynomial: { high: 0x82f63b78, low: 0 } },
  CRC64NVME: { bytes: 8, polynomial: { high: 0x9a6c9329, low: 0xac4bc9b5 } },
};

const one: Word = { high: 0x80000000, low: 0 };
const oneByte: Word = { high: 0x00800000, low: 0 };

function times({ bytes, polynomial }: CrcKind, a: Word, b: Word): Word {
  let { high, low } = b;
  let productHigh = 0;
  let productLow = 0;
  for (let bit = 0; bit < bytes * 8; bit += 1) {
    if (((bit < 32 ? a.high : a.low) >>> (31 - (bit & 31))) & 1) {
      productHigh ^= high;
      productLow ^= low;
    }
    // b·x: one place further, reduced when x to the degree falls out.
    const out = bytes === 8 ? low & 1 : high & 1;
    low = bytes === 8 ? (low >>> 1) | (high << 31) : 0;
    high >>>= 1;
    if (out) {
      high ^= polynomial.high;
      low ^= polynomial.low;
    }
  }
  return { high: productHigh >>> 0, low: productLow >>> 0 };
}

function shiftBytes(kind: CrcKind, lengthBytes: number): Word {
  let shift = one;
  let square = oneByte;
  for (let rest = lengthBytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) shift = times(kind, shift, square);
    square = times(kind, square, square);
  }
  return shift;
}

/** For many second parts of one length: the shift is made once, a call costs as much as a short loop. */
export function createCrc32cCombiner(lengthBytesB: number): (crcA: number, crcB: number) => number {
  const shift = shiftBytes(kinds.CRC32C, lengthBytesB);
  return (crcA, crcB) => (times(kinds.CRC32C, shift, { high: crcA, low: 0 }).high ^ crcB) >>> 0;
}

/** The CRC-32C of `a` followed by `b`, from their CRCs and the length of `b`, without their bytes. */
export function combineCrc32c(crcA: number, crcB: number, lengthBytesB: number): number {
  return createCrc32cCombiner(lengthBytesB)(crcA, crcB);
}

/** Puts CRCs of pieces together. Fast when pieces have the same length: it remembers the last one. */
export class CrcCombiner {
  readonly #kind: CrcKind;
  #shift: Word = one;
  #shiftLengthBytes = 0;

  constructor(crc: CombinableCrc) {
    this.#kind = kinds[crc];
  }

  /** The CRC of `a` followed by `b`, from their CRCs (big endian) and the length of `b`. */
  combine(crcA: Buffer, crcB: Buffer, lengthBytesB: number): Buffer {
    if (lengthBytesB !== this.#shiftLengthBytes) {
      this.#shift = shiftBytes(this.#kind, lengthBytesB);
      this.#shiftLengthBytes = lengthBytesB;
    }
    const a = this.#read(crcA);
    const b = this.#read(crcB);
    const shifted = times(this.#kind, this.#shift, a);
    const combined = Buffer.alloc(this.#kind.bytes);
    combined.writeUInt32BE((shifted.high ^ b.high) >>> 0, 0);
    if (this.#kind.bytes === 8) combined.writeUInt32BE((shifted.low ^ b.low) >>> 0, 4);
    return combined;
  }

  #read(crc: Buffer): Word {
    return { high: crc.readUInt32BE(0), low: this.#kind.bytes === 8 ? crc.readUInt32BE(4) : 0 };
  }
}
