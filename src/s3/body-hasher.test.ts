import { createHash } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { BodyHashers, inlineBodyBytesMax } from './body-hasher.js';
import type { HashName } from './hash-stream.js';

const hashers = await BodyHashers.create();
afterAll(() => hashers.close());
const names: HashName[] = ['MD5', 'SHA256', 'CRC64NVME', 'CRC32C'];

/** Bytes that differ from block to block. */
function patternBody(sizeBytes: number): Buffer {
  const body = Buffer.alloc(sizeBytes);
  for (let at = 0; at + 4 <= sizeBytes; at += 4) body.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
  return body;
}

async function hashInPieces(body: Buffer, pieceBytes: number, from = hashers): Promise<Record<string, string>> {
  const hasher = from.begin(names, body.length);
  for (let at = 0; at < body.length; at += pieceBytes) await hasher.update(body.subarray(at, at + pieceBytes));
  return Object.fromEntries([...(await hasher.finish())].map(([name, digest]) => [name, digest.toString('hex')]));
}

describe('a body is hashed the same', () => {
  test.each([0, 1, 4096, inlineBodyBytesMax, inlineBodyBytesMax + 1, 512 * 1024, 3_000_001])(
    'with %i bytes, in one piece or many',
    async (sizeBytes) => {
      const body = patternBody(sizeBytes);
      const whole = Object.fromEntries([...hashers.hash(names, body)].map(([name, digest]) => [name, digest.toString('hex')]));
      expect(whole['MD5']).toBe(createHash('md5').update(body).digest('hex'));
      for (const pieceBytes of [Math.max(1, sizeBytes), 65_536, 10_007]) expect(await hashInPieces(body, pieceBytes)).toEqual(whole);
    },
  );

  test('in very small pieces', async () => {
    const body = patternBody(inlineBodyBytesMax + 3);
    expect((await hashInPieces(body, 3))['MD5']).toBe(createHash('md5').update(body).digest('hex'));
  });

  test('when many bodies are hashed at once', async () => {
    const bodies = Array.from({ length: 20 }, (_, at) => patternBody(1_000_000 + at));
    const digests = await Promise.all(bodies.map((body) => hashInPieces(body, 50_000)));
    expect(digests.map((digest) => digest['MD5'])).toEqual(bodies.map((body) => createHash('md5').update(body).digest('hex')));
  });
});

test('a body that was given up does not disturb the others', async () => {
  const given = hashers.begin(names, 10_000_000);
  const pending = given.update(patternBody(4_000_000));
  given.abort();
  await pending;
  const body = patternBody(2_000_000);
  expect((await hashInPieces(body, 100_000))['MD5']).toBe(createHash('md5').update(body).digest('hex'));
});

test('when the thread ends, its bodies fail instead of hanging, and later ones get a new thread', async () => {
  const mortal = await BodyHashers.create();
  const hasher = mortal.begin(names, 100_000_000);
  const update = hasher.update(patternBody(8_000_000));
  const closed = mortal.close();
  await expect(update).rejects.toThrow('the hashing thread ended');
  await expect(hasher.finish()).rejects.toThrow('the hashing thread ended');
  await closed;
  const body = patternBody(600_000);
  expect((await hashInPieces(body, 100_000, mortal))['MD5']).toBe(createHash('md5').update(body).digest('hex'));
  await mortal.close();
});
