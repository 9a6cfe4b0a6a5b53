import { describe, expect, it } from 'vitest';
import { bulkBlockBytes, quietBlockBytes, ReceiveBlocks } from './receive-blocks.js';

/** Plays the socket: fills the next block with so many bytes. */
function read(blocks: ReceiveBlocks, bytes: number, value = 1): Buffer {
  blocks.next().fill(value, 0, bytes);
  return blocks.take(bytes);
}

describe('the memory that a socket is read into', () => {
  it.each([1, 100, 5000, quietBlockBytes / 2, quietBlockBytes / 2 + 1, quietBlockBytes - 1, quietBlockBytes])(
    'gives %i bytes that later reads leave alone',
    (bytes) => {
      const blocks = new ReceiveBlocks();
      const first = read(blocks, bytes, 7);
      for (let turn = 0; turn < 3; turn += 1) read(blocks, bytes, 8);
      expect(first.equals(Buffer.alloc(bytes, 7))).toBe(true);
    },
  );

  it('is the same for the next read after one of few bytes, which were copied', () => {
    const blocks = new ReceiveBlocks();
    const block = blocks.next();
    const few = read(blocks, quietBlockBytes / 2);
    expect(few.buffer).not.toBe(block.buffer);
    expect(blocks.next()).toBe(block);
  });

  it('becomes large when two reads after each other were full, and small again after one that was not worth it', () => {
    const blocks = new ReceiveBlocks();
    expect(blocks.next().length).toBe(quietBlockBytes);
    expect(read(blocks, quietBlockBytes).length).toBe(quietBlockBytes);
    expect(blocks.next().length).toBe(quietBlockBytes);
    read(blocks, 1);
    read(blocks, quietBlockBytes);
    expect(blocks.next().length).toBe(quietBlockBytes);
    read(blocks, quietBlockBytes);
    expect(blocks.next().length).toBe(bulkBlockBytes);
    read(blocks, bulkBlockBytes);
    expect(blocks.next().length).toBe(bulkBlockBytes);
    read(blocks, quietBlockBytes);
    expect(blocks.next().length).toBe(bulkBlockBytes);
    read(blocks, quietBlockBytes - 1);
    expect(blocks.next().length).toBe(quietBlockBytes);
  });

  it('never holds much more than the bytes that were given out of it', () => {
    const blocks = new ReceiveBlocks();
    for (let turn = 0; turn < 2; turn += 1) read(blocks, quietBlockBytes);
    for (const bytes of [bulkBlockBytes / 2 - 1, bulkBlockBytes / 2, bulkBlockBytes / 2 + 1, bulkBlockBytes]) {
      expect(read(blocks, bytes).buffer.byteLength).toBeLessThanOrEqual(bytes * 2);
    }
  });
});
