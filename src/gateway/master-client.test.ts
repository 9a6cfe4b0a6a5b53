import { describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../base/clock.js';
import { silentLog } from '../base/log.js';
import { keyBytesMax, listKeysMax } from '../model/limits.js';
import { packFacts } from '../model/listed-object.js';
import { Refusal } from '../model/refusal.js';
import { NeverSent, Unreachable, type IncomingBody, type WireClient } from '../wire/api.js';
import { BucketCache, type BucketFacts } from './bucket-cache.js';
import { MasterClient } from './master-client.js';

/** Time passes only by sleeping. */
function sleepyClock(): Clock {
  let nowMs = 0;
  return {
    ...systemClock,
    monotonicMs: () => nowMs,
    sleep: (delayMs) => {
      nowMs += delayMs;
      return Promise.resolve();
    },
  };
}

type Answer = (head: unknown, tries: number) => object;

function masterWith(
  answer: Answer,
  body: (tries: number) => IncomingBody | null = () => null,
): { master: MasterClient; heads: { attempt: { counter: number; lowestUnfinished: number } }[] } {
  const heads: { attempt: { counter: number; lowestUnfinished: number } }[] = [];
  const wire = {
    call: (_verb: string, head: never) => {
      heads.push(head);
      try {
        return Promise.resolve({ head: answer(head, heads.length), body: body(heads.length) });
      } catch (error) {
        return Promise.reject(error);
      }
    },
  } as unknown as Pick<WireClient, 'call'>;
  const options = { gatewayId: '00000000-0000-4000-8000-000000000000', masterWaitMs: 30_000 };
  return { master: new MasterClient(wire, options, { clock: sleepyClock(), log: silentLog }), heads };
}

const bucket = { bucketId: 1, factsVersion: 1 };

describe('a change whose answer is lost', () => {
  it('is repeated with the same attempt until it is answered', async () => {
    const { master, heads } = masterWith((_head, tries) => {
      if (tries < 4) throw new Unreachable('connection closed');
      return {};
    });
    await master.change('deleteBucket', bucket);
    expect(heads.map((head) => head.attempt.counter)).toEqual([1, 1, 1, 1]);
    await master.change('deleteBucket', bucket);
    expect(heads.at(-1)!.attempt).toMatchObject({ counter: 2, lowestUnfinished: 2 });
  });

  it('gets the refusal that the repeat brings', async () => {
    const { master } = masterWith((_head, tries) => {
      throw tries === 1 ? new Unreachable('closed') : new Refusal('bucket-not-empty');
    });
    await expect(master.change('deleteBucket', bucket)).rejects.toMatchObject({ code: 'bucket-not-empty' });
  });

  it('has an unknown outcome when the deadline comes first', async () => {
    const { master, heads } = masterWith((_head, tries) => {
      throw tries === 1 ? new Unreachable('closed') : new NeverSent('refused');
    });
    await expect(master.change('deleteBucket', bucket)).rejects.toMatchObject({ code: 'outcome-unknown' });
    expect(heads.length).toBeGreaterThan(100);
  });
});

function bodyOf(pieces: (Buffer | Error)[]): IncomingBody {
  return {
    read: () => {
      const piece = pieces.shift() ?? null;
      return piece instanceof Error ? Promise.reject(piece) : Promise.resolve(piece);
    },
    takeWhole: () => null,
    discard: () => void pieces.splice(0),
  };
}

const longestFacts = {
  sizeBytes: Number.MAX_SAFE_INTEGER,
  lastModifiedMs: Number.MAX_SAFE_INTEGER,
  etag: `${'f'.repeat(32)}-10000`,
  checksum: { algorithm: 'CRC64NVME', type: 'COMPOSITE' },
} as const;

describe('an answer with a body', () => {
  const page = { objectCount: 2, prefixes: [], nextStartAfter: null };
  const request = { ...bucket, prefix: '', delimiter: '', startAfter: '', limit: 2 };

  it.each([[[]], [['ab']], [['a', '', 'b']]])('is whole: %j', async (pieces) => {
    const { master } = masterWith(
      () => page,
      () => bodyOf(pieces.map((text) => Buffer.from(text))),
    );
    expect(await master.askForBody('listObjects', request)).toEqual({ head: page, body: Buffer.from(pieces.join('')) });
  });

  it('may be a full page of the longest keys', async () => {
    const packed = Buffer.from(`${packFacts(longestFacts)}${'k'.repeat(keyBytesMax)}\xff`, 'latin1');
    const body = Buffer.concat(Array.from({ length: listKeysMax }, () => packed));
    const { master } = masterWith(
      () => page,
      () => bodyOf([body.subarray(0, 500_000), body.subarray(500_000)]),
    );
    expect((await master.askForBody('listObjects', request)).body.equals(body)).toBe(true);
  });

  it('is asked for again when the connection breaks in the midst of it', async () => {
    const { master, heads } = masterWith(
      () => page,
      (tries) => bodyOf(tries < 3 ? [Buffer.from('a'), new Unreachable('connection closed')] : [Buffer.from('ab')]),
    );
    expect((await master.askForBody('listObjects', request)).body.toString()).toBe('ab');
    expect(heads).toHaveLength(3);
  });

  it('has a limit', async () => {
    const pieces = Array.from({ length: 100 }, () => Buffer.alloc(1024 * 1024));
    const { master } = masterWith(
      () => page,
      () => bodyOf(pieces),
    );
    await expect(master.askForBody('listObjects', request)).rejects.toThrow('bounded');
    expect(pieces).toHaveLength(0);
  });
});

describe('while the master is away', () => {
  it('a change that never was sent is refused as such, and so is a question', async () => {
    const { master } = masterWith(() => {
      throw new NeverSent('refused');
    });
    await expect(master.change('deleteBucket', bucket)).rejects.toMatchObject({ code: 'master-away' });
    await expect(master.ask('getBucket', { bucket: 'b' })).rejects.toMatchObject({ code: 'master-away' });
    await expect(master.someView()).rejects.toMatchObject({ code: 'master-away' });
  });

  it('only so many requests are held', async () => {
    const { master } = masterWith(() => {
      throw new NeverSent('refused');
    });
    const calls = Array.from({ length: 2100 }, () => master.ask('getBucket', { bucket: 'b' }));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.every((outcome) => outcome.status === 'rejected')).toBe(true);
    expect(master.held).toBe(0);
  });
});

describe('the view', () => {
  it('is fetched again when an answer carries a newer number, and only then', async () => {
    let n = 1;
    const { master, heads } = masterWith(() => ({ number: { epoch: 1, n }, nodes: [] }));
    await master.someView();
    master.noteStamp({ epoch: 1, n: 1 });
    expect(heads).toHaveLength(1);
    n = 5;
    master.noteStamp({ epoch: 1, n: 5 });
    master.noteStamp({ epoch: 1, n: 5 });
    expect(heads).toHaveLength(2);
    await expect.poll(() => master.view?.number.n).toBe(5);
  });

  it('is fetched once more when it was on its way as the number came, be it the first view or a later one', async () => {
    let n = 2;
    const { master, heads } = masterWith(() => ({ number: { epoch: 1, n }, nodes: [] }));
    const fetched = master.someView();
    n = 3;
    master.noteStamp({ epoch: 1, n: 3 });
    expect((await fetched).number.n).toBe(3);
    const refreshed = master.refreshView();
    n = 4;
    master.noteStamp({ epoch: 1, n: 4 });
    await refreshed;
    expect(master.view?.number.n).toBe(4);
    expect(heads).toHaveLength(4);
  });

  it('is not asked for without end while it changes all the time', async () => {
    let n = 1;
    const { master, heads } = masterWith(() => {
      n += 1;
      master.noteStamp({ epoch: 1, n: n + 1 });
      return { number: { epoch: 1, n }, nodes: [] };
    });
    expect((await master.someView()).number.n).toBe(3);
    expect(heads).toHaveLength(2);
  });

  it('is not asked for without end when no view is as new as a number that was heard', async () => {
    const { master, heads } = masterWith(() => ({ number: { epoch: 1, n: 1 }, nodes: [] }));
    const fetched = master.someView();
    master.noteStamp({ epoch: 2, n: 9 });
    await fetched;
    expect(heads).toHaveLength(2);
  });
});

const facts = (factsVersion: number): BucketFacts => ({ bucketId: 1, factsVersion, createdMs: 0 });

function cacheOf(answers: (BucketFacts | Refusal)[]): BucketCache {
  return new BucketCache({
    ask: () => {
      const answer = answers.shift()!;
      return answer instanceof Refusal ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
}

const allow = (): void => undefined;

const denyAll = (): void => {
  throw new Refusal('access-denied');
};

describe('bucket facts', () => {
  it('are fetched once and believed until the master says otherwise', async () => {
    const cache = cacheOf([facts(1), facts(2)]);
    const used: number[] = [];
    const work = (known: BucketFacts): Promise<void> => {
      used.push(known.factsVersion);
      return known.factsVersion === 1 && used.length === 3 ? Promise.reject(new Refusal('facts-changed')) : Promise.resolve();
    };
    for (let i = 0; i < 3; i += 1) await cache.use('b', allow, work);
    expect(used).toEqual([1, 1, 1, 2]);
  });

  it('refuse only when they were fetched for this request', async () => {
    const cache = cacheOf([facts(1), facts(2), facts(3)]);
    await cache.use('b', allow, () => Promise.resolve());
    const decided: number[] = [];
    const denyOld = (known: BucketFacts): void => {
      decided.push(known.factsVersion);
      if (known.factsVersion < 2) throw new Refusal('access-denied');
    };
    await cache.use('b', denyOld, () => Promise.resolve());
    expect(decided).toEqual([1, 2]);
    await expect(cache.use('b', denyAll, () => Promise.resolve())).rejects.toMatchObject({ code: 'access-denied' });
  });

  it('never say from memory that a bucket is missing', async () => {
    const cache = cacheOf([new Refusal('no-such-bucket'), facts(1)]);
    await expect(cache.use('b', allow, () => Promise.resolve())).rejects.toMatchObject({ code: 'no-such-bucket' });
    await expect(cache.use('b', allow, (known) => Promise.resolve(known.factsVersion))).resolves.toBe(1);
  });

  it('that change without end are given up', async () => {
    const cache = cacheOf([1, 2, 3, 4, 5, 6].map(facts));
    await expect(cache.use('b', allow, () => Promise.reject(new Refusal('facts-changed')))).rejects.toMatchObject({
      code: 'facts-changed',
    });
  });
});
