import type { Random } from './random.js';

const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const V4_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The canonical lower-case form of a UUID of any version, or null. Never throws. */
export function parseUuid(text: string): string | null {
  const lower = text.length === 36 ? text.toLowerCase() : '';
  return UUID_PATTERN.test(lower) ? lower : null;
}

/** Like `parseUuid`, for version 4 only: what the REST API accepts as an object id. */
export function parseUuidV4(text: string): string | null {
  const lower = text.length === 36 ? text.toLowerCase() : '';
  return V4_PATTERN.test(lower) ? lower : null;
}

/** The 16 bytes of a canonical UUID. */
export function uuidToBytes(uuid: string): Buffer {
  const bytes = Buffer.allocUnsafe(16);
  writeUuid(bytes, uuid, 0);
  return bytes;
}

/** Where the two digits of each byte stand in the text. */
const digitPlaces = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;

/** Puts the 16 bytes of a canonical UUID at `offset`. Digit by digit: `Buffer.from(…, 'hex')` takes ten times as long. */
export function writeUuid(target: Uint8Array, uuid: string, offset: number): void {
  for (let index = 0; index < 16; index += 1) {
    const place = digitPlaces[index]!;
    target[offset + index] = (digitAt(uuid, place) << 4) | digitAt(uuid, place + 1);
  }
}

/** The value of a lower-case hexadecimal digit. */
function digitAt(text: string, place: number): number {
  const code = text.charCodeAt(place);
  return code <= 57 ? code - 48 : code - 87;
}

/** The canonical form of 16 bytes at `offset`. */
export function uuidFromBytes(bytes: Uint8Array, offset = 0): string {
  return uuidFromHex(Buffer.from(bytes.buffer, bytes.byteOffset + offset, 16).toString('hex'));
}

/** The canonical form of 32 lower-case hexadecimal digits at `at`. */
export function uuidFromHex(hex: string, at = 0): string {
  const part = (from: number, to: number): string => hex.slice(at + from, at + to);
  return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`;
}

/** The 32 hexadecimal digits of a canonical UUID. */
export function uuidToHex(uuid: string): string {
  return uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(14, 18) + uuid.slice(19, 23) + uuid.slice(24);
}

/**
 * A version 7 UUID (RFC 9562, 5.7): 48 bits of wall time, then random bits. Ids made close together sort close
 * together, which keeps index pages warm; nothing else may be concluded from the time in them.
 */
export function uuidV7(wallMs: number, random: Random): string {
  const bytes = random.bytes(16);
  bytes.writeUIntBE(wallMs, 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return uuidFromBytes(bytes);
}
