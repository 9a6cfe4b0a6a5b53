/**
 * A running digest over the log: 64 bits that depend on every record so far and on their order. It proves that a
 * volume did not go back in time, against accidents (an old snapshot put back), not against forgers.
 *
 * Each record carries the digest of all before it, so the chain goes on after a restart from the last record alone.
 */
export class LogDigest {
  low = 0;
  high = 0;

  static at(low: number, high: number): LogDigest {
    const digest = new LogDigest();
    digest.low = low;
    digest.high = high;
    return digest;
  }

  /** Takes in one record, by the CRC of its header (which covers the chunk's CRC). */
  add(headerCrc: number): void {
    const low = Math.imul(this.low ^ headerCrc, 0x85eb_ca6b);
    this.low = (low ^ (low >>> 15)) >>> 0;
    const high = Math.imul(this.high + headerCrc + this.low, 0xc2b2_ae35);
    this.high = (high ^ (high >>> 13)) >>> 0;
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return digestText(this.low, this.high);
  }
}

export function digestText(low: number, high: number): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}
