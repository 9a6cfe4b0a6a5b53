import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameBroken, FrameDecoder, frameKinds, type Frame } from './frames.js';

const limits = { headBytesMax: 4096, bodyBytesMax: 100_000 };

interface Seen {
  kind: number;
  verb: number;
  id: number;
  last: boolean;
  json: string;
  stampEpoch: number;
  stampN: number;
  body: Buffer;
}

function collect(): { seen: Seen[]; decoder: FrameDecoder; slices: Buffer[] } {
  const seen: Seen[] = [];
  const slices: Buffer[] = [];
  const decoder = new FrameDecoder(limits, {
    frame({ kind, verb, id, last, stampEpoch, stampN }, json) {
      seen.push({ kind, verb, id, last, stampEpoch, stampN, json, body: Buffer.alloc(0) });
    },
    body(bytes) {
      slices.push(bytes);
      const frame = seen.at(-1)!;
      frame.body = Buffer.concat([frame.body, bytes]);
    },
  });
  return { seen, decoder, slices };
}

const frameArbitrary = fc.record({
  kind: fc.constantFrom(...Object.values(frameKinds)),
  verb: fc.nat(0xffff),
  id: fc.nat(0xffffffff),
  last: fc.boolean(),
  json: fc.oneof(fc.constant(''), fc.json({ maxDepth: 2 })).filter((json) => Buffer.byteLength(json) <= limits.headBytesMax),
  stampEpoch: fc.nat(0xffffffff),
  stampN: fc.maxSafeNat(),
  body: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
});

function bytesOf({ body, ...frame }: Omit<Frame, 'bodyBytes'> & { body: Buffer }): Buffer {
  return Buffer.concat([encodeFrame({ ...frame, bodyBytes: body.length }), body]);
}

const ping: Frame = { kind: frameKinds.ping, verb: 0, id: 0, last: true, json: '{"a":1}', bodyBytes: 0, stampEpoch: 0, stampN: 0 };

describe('frames', () => {
  it('come out as they went in, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(frameArbitrary, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 40 }),
        (frames, cuts) => {
          const stream = Buffer.concat(frames.map(bytesOf));
          const { seen, decoder } = collect();
          let at = 0;
          for (const cut of [...cuts, stream.length]) {
            if (at < stream.length) decoder.push(stream.subarray(at, at + cut));
            at += cut;
          }
          expect(seen).toEqual(frames);
        },
      ),
    );
  });

  it('hands bodies up as views of what arrived, never as copies', () => {
    const body = Buffer.alloc(5000, 'b');
    const stream = bytesOf({ ...ping, kind: frameKinds.data, body });
    const { decoder, slices } = collect();
    decoder.push(stream);
    expect(slices.map((slice) => slice.buffer === stream.buffer)).toEqual([true]);
  });

  it('are refused when any byte of a head is damaged', () => {
    const whole = encodeFrame(ping);
    for (let index = 0; index < whole.length; index += 1) {
      const damaged = Buffer.from(whole);
      damaged[index]! ^= 0x10;
      const { decoder, seen } = collect();
      let broken = false;
      try {
        decoder.push(damaged);
      } catch (error) {
        broken = error instanceof FrameBroken;
      }
      // A damaged length may only make the decoder wait for more; it must never hand the frame up
      expect(broken || seen.length === 0).toBe(true);
      expect(seen).toEqual([]);
    }
  });

  it.each([
    ['a head', { headBytesMax: 6, bodyBytesMax: 0 }, ping],
    ['a body', { headBytesMax: 100, bodyBytesMax: 9 }, { ...ping, bodyBytes: 10 }],
  ])('are refused for %s beyond the limit before anything is kept for it', (_name, tight, frame) => {
    const decoder = new FrameDecoder(tight, { frame: () => expect.unreachable(), body: () => expect.unreachable() });
    // The fixed part alone is enough to know
    expect(() => decoder.push(encodeFrame(frame).subarray(0, 36))).toThrow(FrameBroken);
  });
});
