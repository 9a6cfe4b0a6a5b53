import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../base/random.js';
import { ChunkIndex, type IndexEntry, type LoadedRecord } from './chunk-index.js';
import { writeId } from './index-shard.js';

/** Few ids, so that commands meet on them; dense last digits, so that they also meet in one table. */
const ids = Array.from({ length: 60 }, (_, index) => `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`);
const id = fc.constantFrom(...ids);
const entry: fc.Arbitrary<IndexEntry> = fc.record({
  segment: fc.integer({ min: 1, max: 0xff_ffff }),
  offset: fc.integer({ min: 8, max: 0x1fff_ffff }).map((offset) => offset * 8),
  lengthBytes: fc.integer({ min: 0, max: 5 * 1024 ** 3 }),
  crc32c: fc.integer({ min: 0, max: 0xffff_ffff }),
  generation: fc.integer({ min: 0, max: 0xffff_ffff }),
  kind: fc.constantFrom('chunk' as const, 'rest' as const),
  extent: fc.boolean(),
  damaged: fc.boolean(),
});

function expectEqual(index: ChunkIndex, model: Map<string, IndexEntry>): void {
  expect(index.count).toBe(model.size);
  expect(index.liveBytes).toBe([...model.values()].reduce((sum, found) => sum + found.lengthBytes, 0));
  for (const known of ids) expect(index.find(known)).toEqual(model.get(known) ?? null);
  expect(index.idsAfter(null, 1000).map((found) => found.id)).toEqual([...model.keys()].sort());
}

describe('the index', () => {
  it('does what a Map does', () => {
    const command = fc.oneof(
      fc.record({ do: fc.constant('set' as const), id, entry }),
      fc.record({ do: fc.constant('remove' as const), id }),
      fc.record({ do: fc.constant('repoint' as const), id, segment: fc.integer({ min: 1, max: 9 }) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 300 }), (commands) => {
        const index = new ChunkIndex(systemRandom);
        const model = new Map<string, IndexEntry>();
        for (const step of commands) {
          const known = model.get(step.id);
          if (step.do === 'set') {
            index.set(step.id, step.entry);
            model.set(step.id, step.entry);
          } else if (step.do === 'remove') {
            index.remove(step.id);
            model.delete(step.id);
          } else if (known !== undefined) {
            const to = { segment: step.segment, offset: 64 };
            expect(index.repoint(step.id, { segment: known.segment, offset: known.offset + 8 }, to)).toBe(false);
            expect(index.repoint(step.id, known, to)).toBe(true);
            model.set(step.id, { ...known, ...to });
          }
        }
        expectEqual(index, model);
      }),
      { numRuns: 60 },
    );
  });

  it('holds many random ids, and pages through them in order', () => {
    const index = new ChunkIndex(systemRandom);
    const known = Array.from({ length: 20_000 }, () => systemRandom.uuidV4());
    known.forEach((chunk, at) =>
      index.set(chunk, {
        segment: 1,
        offset: 8 * (at + 1),
        lengthBytes: at,
        crc32c: at,
        generation: 0,
        kind: 'chunk',
        extent: false,
        damaged: false,
      }),
    );
    expect(known.every((chunk, at) => index.find(chunk)?.lengthBytes === at)).toBe(true);
    for (const chunk of known.splice(0, 10_000)) index.remove(chunk);
    const found: string[] = [];
    for (let page = index.idsAfter(null, 999); page.length > 0; page = index.idsAfter(found.at(-1)!, 999))
      found.push(...page.map((chunk) => chunk.id));
    expect(found).toEqual(known.sort());
  });

  it('finds and forgets every id while its tables take up and give back blocks', () => {
    const index = new ChunkIndex(systemRandom);
    const known = new Set<string>();
    const facts = { segment: 1, offset: 8, crc32c: 0, generation: 0, kind: 'chunk', extent: false, damaged: false } as const;
    for (let round = 1; round <= 3; round += 1) {
      for (let count = 0; count < 40_000; count += 1) {
        const chunk = systemRandom.uuidV4();
        known.add(chunk);
        index.set(chunk, { ...facts, lengthBytes: round });
      }
      const gone = [...known].filter((_, at) => at % 3 === 0);
      for (const chunk of gone) {
        index.remove(chunk);
        known.delete(chunk);
      }
      expect(index.count).toBe(known.size);
      expect(gone.every((chunk) => index.find(chunk) === null)).toBe(true);
      expect([...known].every((chunk) => index.find(chunk) !== null)).toBe(true);
    }
    const walked = Array.from({ length: index.shardCount }, (_, shard) => index.shardEntries(shard)).flat();
    expect(walked.map((found) => found.id).sort()).toEqual([...known].sort());
  });

  it('loads records in any order: the highest sequence of an id wins, tombstones too, and accounts are exact', () => {
    const record = fc.record({
      id,
      tombstone: fc.boolean(),
      sequence: fc.nat({ max: 10_000 }),
      segment: fc.integer({ min: 1, max: 5 }),
      recordBytes: fc.integer({ min: 1, max: 100 }).map((n) => n * 8),
    });
    const records = fc.uniqueArray(record, { maxLength: 200, selector: (found) => found.sequence });
    fc.assert(
      fc.property(records, (found) => {
        const index = new ChunkIndex(systemRandom);
        const live = new Map<number, number>();
        const winners = new Map<string, (typeof found)[number]>();
        for (const item of found) {
          const key = new Uint32Array(4);
          writeId(key, item.id);
          const { sequence, segment, recordBytes, tombstone } = item;
          const facts = { lengthBytes: sequence, crc32c: 0, generation: 0, kind: 'chunk' as const, extent: false, damaged: false };
          const loaded: LoadedRecord = { key, sequence, segment, recordBytes, tombstone, offset: 8 + sequence * 8, ...facts };
          index.load(loaded, (segment, deltaBytes) => live.set(segment, (live.get(segment) ?? 0) + deltaBytes));
          if ((winners.get(item.id)?.sequence ?? -1) < item.sequence) winners.set(item.id, item);
        }
        index.finishLoading();
        const expectedLive = new Map<number, number>();
        for (const [chunk, winner] of winners) {
          expect(index.find(chunk)?.lengthBytes ?? null).toBe(winner.tombstone ? null : winner.sequence);
          if (!winner.tombstone) expectedLive.set(winner.segment, (expectedLive.get(winner.segment) ?? 0) + winner.recordBytes);
        }
        expect(index.count).toBe([...winners.values()].filter((winner) => !winner.tombstone).length);
        for (const [segment, bytes] of live) expect(bytes).toBe(expectedLive.get(segment) ?? 0);
      }),
      { numRuns: 100 },
    );
  });
});
