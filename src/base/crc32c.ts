import { crc32c as nativeCrc32c } from '@node-rs/crc32';

/** CRC-32C (Castagnoli, RFC 3720 B.4) as an unsigned number; pass the previous value to go on with a stream. */
export function crc32c(data: Buffer, previous = 0): number {
  return nativeCrc32c(data, previous);
}
