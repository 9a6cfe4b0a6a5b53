import { createHash } from 'node:crypto';
import type { S3TestClient } from './s3-test-client.js';
import { contentOf, type SeededRandom } from './seeded-random.js';

const KiB = 1024;
const readersCount = 16;

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Writers that keep a list of what was acknowledged; each object is written once, its bytes follow from its name. */
export class AcknowledgedWrites {
  readonly #bucket: string;
  readonly #seed: string;
  readonly #random: SeededRandom;
  readonly #sizes = new Map<string, number>();
  #count = 0;
  /** Called in the turn in which an acknowledgement arrived. */
  onAcknowledged: () => void = () => undefined;

  constructor(bucket: string, seed: string, random: SeededRandom) {
    this.#bucket = bucket;
    this.#seed = seed;
    this.#random = random;
  }

  get count(): number {
    return this.#sizes.size;
  }

  /** Writes until the signal; what fails is simply not acknowledged. */
  async write(client: S3TestClient, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#count += 1;
      const name = `object-${this.#count}`;
      const sizeBytes = this.#size();
      try {
        const path = `/${this.#bucket}/${name}`;
        const { status } = await client.request({ method: 'PUT', path, body: contentOf(`${this.#seed}/${name}`, sizeBytes) });
        if (status !== 200) continue;
        this.#sizes.set(name, sizeBytes);
        this.onAcknowledged();
      } catch {
        // the power is off, or nobody listens
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** Reads everything that was acknowledged, or from the `since`-th on; answers what is lost or wrong. */
  async problems(client: S3TestClient, since = 0): Promise<string[]> {
    const found: string[] = [];
    const left = [...this.#sizes].slice(since);
    await Promise.all(
      Array.from({ length: readersCount }, async () => {
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          const problem = await this.#problem(client, ...next);
          if (problem !== null) found.push(`${next[0]} (${next[1]} bytes): ${problem}`);
        }
      }),
    );
    return found;
  }

  async #problem(client: S3TestClient, name: string, sizeBytes: number): Promise<string | null> {
    try {
      const { status, body } = await client.request({ method: 'GET', path: `/${this.#bucket}/${name}` });
      if (status !== 200) return `${status} ${body.toString().slice(0, 200)}`;
      return contentOf(`${this.#seed}/${name}`, sizeBytes).equals(body) ? null : `wrong bytes, sha256 ${sha256(body)}`;
    } catch (error) {
      return String(error);
    }
  }

  #size(): number {
    const kind = this.#random.fraction();
    if (kind < 0.1) return this.#random.pick([0, 1]);
    if (kind < 0.75) return this.#random.between(2, 16 * KiB);
    if (kind < 0.9) return 256 * KiB + this.#random.between(-1, 1);
    return this.#random.between(257 * KiB, 2048 * KiB);
  }
}
