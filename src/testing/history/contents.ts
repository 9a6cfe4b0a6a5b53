import { createHash } from 'node:crypto';
import { contentOf } from '../seeded-random.js';

interface Content {
  /** Name of each piece (a part, or the whole) and its size. */
  pieces: { name: string; sizeBytes: number }[];
}

function md5(bytes: Buffer): Buffer {
  return createHash('md5').update(bytes).digest();
}

/** Everything that was ever sent, by its ETag: bytes are made again from the seed, none are kept. */
export class Contents {
  readonly #seed: string;
  readonly #byEtag = new Map<string, Content>();
  #count = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** New bytes for one PUT. */
  whole(sizeBytes: number): { etag: string; body: Buffer } {
    const { name, body } = this.#piece(sizeBytes);
    const etag = md5(body).toString('hex');
    this.#byEtag.set(etag, { pieces: [{ name, sizeBytes }] });
    return { etag, body };
  }

  /** New bytes for the parts of one multipart upload; its ETag is S3's: the MD5 of the parts' MD5s and their number. */
  parts(sizesBytes: readonly number[]): { etag: string; bodies: Buffer[] } {
    const made = sizesBytes.map((sizeBytes) => ({ sizeBytes, ...this.#piece(sizeBytes) }));
    const etag = `${md5(Buffer.concat(made.map(({ body }) => md5(body)))).toString('hex')}-${made.length}`;
    this.#byEtag.set(etag, { pieces: made.map(({ name, sizeBytes }) => ({ name, sizeBytes })) });
    return { etag, bodies: made.map(({ body }) => body) };
  }

  /** What is wrong with bytes that came under this ETag, or null. */
  problem(etag: string, bytes: Buffer): string | null {
    const content = this.#byEtag.get(etag);
    if (!content) return `the ETag ${etag} was never written`;
    let offset = 0;
    for (const { name, sizeBytes } of content.pieces) {
      if (!contentOf(name, sizeBytes).equals(bytes.subarray(offset, offset + sizeBytes)))
        return `bytes of ${etag} from ${offset} on are wrong`;
      offset += sizeBytes;
    }
    return offset === bytes.length ? null : `${bytes.length} bytes of ${etag} in place of ${offset}`;
  }

  #piece(sizeBytes: number): { name: string; body: Buffer } {
    this.#count += 1;
    const name = `${this.#seed}/${this.#count}`;
    return { name, body: contentOf(name, sizeBytes) };
  }
}
