import { createHash, hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { crc32c } from '../base/crc32c.js';
import type { Crc64Nvme } from '../base/crc64nvme.js';
import type { ChecksumAlgorithm } from '../model/object.js';

/** What may run over a body: the checksums of S3, and MD5 for ETag and Content-MD5. */
export type HashName = 'MD5' | ChecksumAlgorithm;

/** The digests of one body, big-endian bytes. */
export type Digests = ReadonlyMap<HashName, Buffer>;

/** One running hash. */
export interface HashStream {
  update(bytes: Buffer): void;
  digest(): Buffer;
}

/** What OpenSSL calls them. Constants, since Node looks a name up anew whenever the string is a new one. */
const names = { MD5: 'md5', SHA1: 'sha1', SHA256: 'sha256' } as const;

export function startHash(name: HashName, crc64: Crc64Nvme): HashStream {
  if (name === 'CRC32') return runningCrc(crc32);
  if (name === 'CRC32C') return runningCrc(crc32c);
  if (name === 'CRC64NVME') return crc64.start();
  return createHash(names[name]);
}

/** The digest of one buffer; a third of the cost of a stream where the body is small. */
export function hashWhole(name: HashName, bytes: Buffer, crc64: Crc64Nvme): Buffer {
  if (name === 'MD5' || name === 'SHA1' || name === 'SHA256') return hash(names[name], bytes, 'buffer');
  const stream = startHash(name, crc64);
  stream.update(bytes);
  return stream.digest();
}

function runningCrc(advance: (bytes: Buffer, previous: number) => number): HashStream {
  let value = 0;
  return {
    update(bytes) {
      value = advance(bytes, value);
    },
    digest() {
      const digest = Buffer.alloc(4);
      digest.writeUInt32BE(value);
      return digest;
    },
  };
}
