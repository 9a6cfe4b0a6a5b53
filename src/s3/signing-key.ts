import { createHmac, hash } from 'node:crypto';

const blockBytes = 64;
const digestBytes = 32;

/**
 * The key that requests of one day are signed with. HMAC-SHA256 as RFC 2104 writes it, out of two one-shot hashes: as text
 * they cost 2.9 µs, a `createHmac` with its objects 3.9, and 5.8 when its digest is a Buffer.
 */
export class SigningKey {
  readonly #inner: Buffer;
  /** The padded key and room for the inner digest; every signature is made in one go, so one buffer serves them all. */
  readonly #outer: Buffer;

  /** `key`: a digest, so never longer than a block. */
  constructor(key: Buffer) {
    this.#inner = Buffer.alloc(blockBytes);
    key.copy(this.#inner);
    this.#outer = Buffer.concat([this.#inner, Buffer.alloc(digestBytes)]);
    for (let at = 0; at < blockBytes; at += 1) {
      this.#inner[at]! ^= 0x36;
      this.#outer[at]! ^= 0x5c;
    }
  }

  /** The signature in hexadecimal. */
  sign(text: string): string {
    const message = Buffer.allocUnsafe(blockBytes + Buffer.byteLength(text));
    this.#inner.copy(message);
    message.write(text, blockBytes);
    this.#outer.write(hash('sha256', message, 'binary'), blockBytes, 'binary');
    return hash('sha256', this.#outer, 'hex');
  }
}

/** Four HMACs; the caller keeps the result for the day. */
export function deriveSigningKey(secret: string, day: string, region: string): SigningKey {
  let key = hmac(`AWS4${secret}`, day);
  for (const text of [region, 's3', 'aws4_request']) key = hmac(key, text);
  return new SigningKey(key);
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
