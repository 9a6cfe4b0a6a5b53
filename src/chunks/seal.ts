import { must } from '../base/must.js';
import type { LogDigest } from './log-digest.js';
import { writeAll } from './positioned-io.js';
import { encodeHeader, nilUuid, noOrigin, sealBytes } from './record.js';
import type { Segment } from './segment.js';

/**
 * Ends a segment for good. The seal stands for "the next batch is not here": its own first sequence is the next one,
 * so that a seal found behind broken bytes proves that these had been acknowledged.
 */
export async function writeSeal(
  segment: Segment,
  end: { sequence: number; digest: LogDigest; seed: number },
  fd = segment.openFd,
): Promise<void> {
  const bytes = Buffer.alloc(sealBytes);
  encodeHeader(
    bytes,
    0,
    {
      type: 'seal',
      kind: 'chunk',
      payloadBytes: 0,
      sequence: end.sequence,
      batchFirst: end.sequence + 1,
      epoch: segment.number,
      digestLow: end.digest.low,
      digestHigh: end.digest.high,
      id: nilUuid,
      lengthBytes: 0,
      killedSequence: 0,
      crc32c: 0,
      generation: 0,
      attempt: 0,
      origin: noOrigin,
      clusterId: null,
    },
    end.seed,
  );
  await writeAll(must(fd, 'a segment is open while it is sealed'), [bytes], segment.endBytes);
}
