import { beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../base/random.js';
import { ManualClock } from '../testing/manual-clock.js';
import { OrderBook, type OrderBody, type Settlement } from './order-book.js';

const epoch = 7;
const node = 'node';
const { signal } = new AbortController();
const poll = { nodeId: node, boot: 1, credit: 1000, waitMs: 1000, receivedN: 0 };

let clock: ManualClock;
let book: OrderBook;
beforeEach(() => {
  clock = new ManualClock();
  book = new OrderBook(epoch, clock);
  book.open(node);
});

const deletion = (): OrderBody => ({ kind: 'delete', id: systemRandom.uuidV4() });

const copy = (): OrderBody => ({
  kind: 'copy',
  id: systemRandom.uuidV4(),
  lengthBytes: 1,
  crc32c: 1,
  chunkKind: 'chunk',
  generation: 0,
  sources: [],
});

/** Lets promises that are ready go on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the order book', () => {
  it('gives orders out in their order, numbered within the reign, and settles each by its result', async () => {
    const settled = [book.submit(node, deletion(), signal), book.submit(node, deletion(), signal)];
    await turn();
    const orders = await book.take(poll, signal);
    expect(orders.map((order) => [order.epoch, order.n])).toEqual([[7, 1], [7, 2]]); // prettier-ignore
    book.report(poll, [
      { epoch, n: 2, outcome: 'missing' },
      { epoch, n: 1, outcome: 'done' },
    ]);
    expect(await Promise.all(settled)).toEqual(['done', 'missing']);
    expect(book.count('delete')).toBe(0);
  });

  it('answers a waiting poll at once when an order comes, and an idle one after its wait', async () => {
    const waiting = book.take(poll, signal);
    const settled = book.submit(node, deletion(), signal);
    expect(await waiting).toHaveLength(1);
    const idle = book.take({ ...poll, receivedN: 1 }, signal);
    await turn();
    clock.advance(poll.waitMs);
    expect(await idle).toEqual([]);
    book.close();
    expect(await settled).toBe('lost');
  });

  it('gives out no more than the credit', async () => {
    for (let count = 0; count < 5; count += 1) void book.submit(node, deletion(), signal);
    await turn();
    expect(await book.take({ ...poll, credit: 2 }, signal)).toHaveLength(2);
    expect(await book.take({ ...poll, receivedN: 2 }, signal)).toHaveLength(3);
  });

  it('gives nothing to a poll that a newer one has overtaken, or whose caller is gone', async () => {
    const older = book.take(poll, signal);
    const gone = new AbortController();
    const newer = book.take(poll, gone.signal);
    void book.submit(node, deletion(), signal);
    gone.abort(new Error('gone'));
    expect(await older).toEqual([]);
    expect(await newer).toEqual([]);
    expect(await book.take(poll, signal)).toHaveLength(1);
  });

  it('takes orders for lost when the node has started again', async () => {
    const settled = book.submit(node, deletion(), signal);
    await turn();
    await book.take(poll, signal);
    void book.take({ ...poll, boot: 2 }, signal);
    expect(await settled).toBe('lost');
    await expect(book.take(poll, signal)).rejects.toMatchObject({ code: 'boot-stale' });
  });

  it('ignores results of another reign, of an earlier boot, and repeated ones', async () => {
    let settlement: Settlement | null = null;
    const settled = book.submit(node, deletion(), signal).then((end) => (settlement = end));
    await turn();
    await book.take({ ...poll, boot: 2 }, signal);
    book.report({ nodeId: node, boot: 2 }, [{ epoch: 6, n: 1, outcome: 'done' }]);
    book.report({ nodeId: node, boot: 1 }, [{ epoch, n: 1, outcome: 'done' }]);
    await turn();
    expect(settlement).toBeNull();
    book.report({ nodeId: node, boot: 2 }, [{ epoch, n: 1, outcome: 'full' }]);
    book.report({ nodeId: node, boot: 2 }, [{ epoch, n: 1, outcome: 'done' }]);
    await settled;
    expect(settlement).toBe('full');
  });

  it('gives anew what was in an answer that got lost, before newer orders, also to a node that is busy otherwise', async () => {
    const settled = [book.submit(node, deletion(), signal), book.submit(node, deletion(), signal)];
    await turn();
    expect(await book.take({ ...poll, credit: 1 }, signal)).toHaveLength(1);
    await book.take({ ...poll, receivedN: 1 }, signal); // this answer, with n = 2, never arrives
    settled.push(book.submit(node, deletion(), signal));
    await turn();
    book.report(poll, [{ epoch, n: 1, outcome: 'done' }]);
    const again = await book.take({ ...poll, receivedN: 1 }, signal);
    expect(again.map((order) => order.n)).toEqual([2, 3]);
    book.report(poll, again.map(({ n }) => ({ epoch, n, outcome: 'done' }))); // prettier-ignore
    expect(await Promise.all(settled)).toEqual(['done', 'done', 'done']);
  });

  it('gives nothing twice that the node has received', async () => {
    void book.submit(node, deletion(), signal);
    await turn();
    await book.take(poll, signal);
    const next = book.take({ ...poll, receivedN: 1 }, signal);
    await turn();
    clock.advance(poll.waitMs);
    expect(await next).toEqual([]);
    expect(book.count('delete')).toBe(1);
  });

  it('takes an order for lost that a node holds for too long, whatever else the node takes and reports', async () => {
    const old = book.submit(node, deletion(), signal);
    const slow = book.submit(node, copy(), signal);
    await turn();
    await book.take(poll, signal);
    clock.advance(9 * 60_000);
    const young = book.submit(node, deletion(), signal);
    await turn();
    await book.take({ ...poll, receivedN: 2 }, signal);
    clock.advance(60_000);
    book.expire();
    expect(await old).toBe('lost');
    expect([book.count('delete'), book.count('copy')]).toEqual([1, 1]);
    book.report(poll, [2, 3].map((n) => ({ epoch, n, outcome: 'done' }))); // prettier-ignore
    expect(await Promise.all([slow, young])).toEqual(['done', 'done']);
  });

  it('lets no node have more orders of a kind than there is room, and goes on as they end', async () => {
    const submitted = book.room(node, 'copy') + 3;
    const settled = Array.from({ length: submitted }, () => book.submit(node, copy(), signal));
    await turn();
    const first = await book.take(poll, signal);
    expect(first).toHaveLength(submitted - 3);
    expect(book.room(node, 'copy')).toBe(0);
    book.report(poll, first.map(({ n }) => ({ epoch, n, outcome: 'done' }))); // prettier-ignore
    await turn();
    const rest = await book.take({ ...poll, receivedN: first.length }, signal);
    expect(rest).toHaveLength(3);
    book.report(poll, rest.map(({ n }) => ({ epoch, n, outcome: 'done' }))); // prettier-ignore
    expect(new Set(await Promise.all(settled))).toEqual(new Set(['done']));
  });

  it('loses at once what is meant for a node that takes no orders, also what waited for room', async () => {
    expect(await book.submit('unknown', deletion(), signal)).toBe('lost');
    const settled = Array.from({ length: book.room(node, 'delete') + 1 }, () => book.submit(node, deletion(), signal));
    await turn();
    book.drop(node);
    expect(new Set(await Promise.all(settled))).toEqual(new Set(['lost']));
    expect(book.count('delete')).toBe(0);
  });

  it('rejects who waits for room when its task stops', async () => {
    for (let room = book.room(node, 'clear'); room > 0; room -= 1) void book.submit(node, { kind: 'clear' }, signal);
    const task = new AbortController();
    const waiting = book.submit(node, { kind: 'clear' }, task.signal);
    await turn();
    task.abort(new Error('stops'));
    await expect(waiting).rejects.toThrow('stops');
  });
});
