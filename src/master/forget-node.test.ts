import { afterEach, expect, test } from 'vitest';
import type { ManagedDatanode } from '../testing/managed-datanode.js';
import { MasterUnderTest } from '../testing/master-under-test.js';

/** Far more than it takes on a machine that has nothing else to do. */
const testMsMax = 60_000;
const restToken = 'a-token-of-the-tests-0123456789';

let tested: MasterUnderTest;
afterEach(() => tested.close(), testMsMax);

interface Answer {
  status: number;
  body: { status?: string; error?: { code: string; message: string } };
}

async function forget(nodeId: string): Promise<Answer> {
  const response = await fetch(`${tested.address}/api/nodes/${nodeId}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${restToken}` },
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

async function ask(path: string): Promise<Record<string, unknown>> {
  return (await (await fetch(`${tested.address}${path}`, { headers: { authorization: `Bearer ${restToken}` } })).json()) as never;
}

const listed = async (): Promise<string[]> => ((await ask('/api/nodes'))['nodes'] as { id: string }[]).map(({ id }) => id);

const doomed = async (): Promise<unknown> => ((await ask('/api/status'))['counts'] as Record<string, number>)['doomed'];

async function holdersOf(id: string): Promise<string[]> {
  const [chunk] = (await ask(`/api/explain?object=${id}`))['chunks'] as { copies: { nodeId: string }[] }[];
  return chunk!.copies.map(({ nodeId }) => nodeId).sort();
}

async function start(nodes: number): Promise<ManagedDatanode[]> {
  tested = await MasterUnderTest.start({ restTokens: () => [restToken] });
  const started: ManagedDatanode[] = [];
  for (let n = 0; n < nodes; n += 1) started.push(await tested.addNode());
  return started;
}

async function registerByHand(id: string): Promise<number> {
  const body = JSON.stringify({ id, address: 'http://h:1' });
  const headers = { authorization: `Bearer ${restToken}`, 'content-type': 'application/json' };
  return (await fetch(`${tested.address}/api/node/register`, { method: 'POST', headers, body })).status;
}

async function lose(node: ManagedDatanode): Promise<void> {
  await node.kill();
  await tested.until('repairing', async () => (await tested.stateOf(node)) === 'repairing');
}

const idsOf = (...nodes: ManagedDatanode[]): string[] => nodes.map((node) => node.nodeId).sort();

test('a lost node is forgotten once its copies are elsewhere, and stays so', { timeout: testMsMax }, async () => {
  const [a, b, c] = (await start(3)) as [ManagedDatanode, ManagedDatanode, ManagedDatanode];
  const bucket = await tested.createBucket('b');
  const ids = [await tested.putObject(bucket, 'k', [a, b, c]), await tested.putObject(bucket, 'l', [a, b, c])];
  expect(await forget(a.nodeId)).toMatchObject({ status: 409, body: { error: { code: 'node-present' } } });
  await lose(a);

  // 1. Two copies are left of each chunk, and no fourth node takes one.
  const refused = await forget(a.nodeId);
  expect(refused).toMatchObject({ status: 409, body: { error: { code: 'node-holds-copies' } } });
  expect(refused.body.error?.message).toContain('2 chunks of this node');
  expect(await holdersOf(ids[0]!)).toEqual(idsOf(a, b, c));

  // 2. A fourth one does.
  const d = await tested.addNode();
  for (const id of ids) await tested.until('recorded on the fourth', async () => (await holdersOf(id)).includes(d.nodeId));
  const before = (await tested.ask('getView', {})).number;
  expect(await forget(a.nodeId)).toEqual({ status: 200, body: { status: 'OK' } });
  expect(await forget(a.nodeId)).toMatchObject({ status: 404, body: { error: { code: 'node-unknown' } } });
  const view = await tested.ask('getView', {});
  expect(view.nodes.map(({ nodeId }) => nodeId).sort()).toEqual(idsOf(b, c, d));
  expect(view.number.n).toBeGreaterThan(before.n);
  for (const id of ids) expect(await holdersOf(id)).toEqual(idsOf(b, c, d));
  await tested.until('healthy', async () => (await ask('/api/status'))['verdict'] === 'healthy');

  // 3. Its volume is refused, also by the next master.
  await expect(a.start()).rejects.toMatchObject({ code: 'node-forgotten' });
  await a.kill();
  await tested.master.stop();
  await tested.startMaster();
  await tested.until('all live', async () => (await ask('/api/status'))['verdict'] === 'healthy');
  expect((await listed()).sort()).toEqual(idsOf(b, c, d));
  await expect(a.start()).rejects.toMatchObject({ code: 'node-forgotten' });
  const poll = { nodeId: a.nodeId, boot: a.boot, credit: 1, waitMs: 1, receivedN: 0 };
  expect((await a.client.call('takeOrders', poll, { timeoutMs: 5000 })).head).toEqual({ orders: [] });
  expect((await listed()).sort()).toEqual(idsOf(b, c, d));
});

test('what a forgotten node was to delete is owed by nobody', { timeout: testMsMax }, async () => {
  const [a, b, c] = (await start(4)) as [ManagedDatanode, ManagedDatanode, ManagedDatanode];
  const bucket = await tested.createBucket('b');
  await tested.putObject(bucket, 'k', [a, b, c]);
  a.ignoresOrders = true;
  const keys = [{ key: 'k', ifMatch: null }];
  await tested.ask('deleteObjects', { attempt: tested.newAttempt(), ...bucket, keys });
  await tested.until('only the silent one owes', async () => b.chunks.size === 0 && c.chunks.size === 0 && (await doomed()) === 1);
  await lose(a);
  expect(await forget(a.nodeId)).toMatchObject({ status: 200 });
  await tested.until('nothing is owed', async () => (await doomed()) === 0);
});

test('a quarantined node is forgotten when its disk was replaced, not while it is heard', { timeout: testMsMax }, async () => {
  const [a] = (await start(4)) as [ManagedDatanode];
  await a.client.call('diskFault', { nodeId: a.nodeId, boot: a.boot, reason: 'EIO' }, { timeoutMs: 5000 });
  a.condition = 'quarantined';
  await a.beat();
  const heard = await forget(a.nodeId);
  expect(heard).toMatchObject({ status: 409, body: { error: { code: 'node-present' } } });
  expect(heard.body.error?.message).toContain('quarantined');
  await a.kill();
  await tested.until('silent for long', async () => (await forget(a.nodeId)).status === 200);
  expect(await listed()).not.toContain(a.nodeId);
});

test('a node that was named by hand in error goes, and its name may be used again', { timeout: testMsMax }, async () => {
  await start(1);
  expect(await registerByHand('typo')).toBe(200);
  expect(await forget('typo')).toMatchObject({ status: 200 });
  expect(await listed()).toHaveLength(1);
  expect(await registerByHand('typo')).toBe(200);
  expect(await listed()).toHaveLength(2);
});

test('a node that comes back while it is being forgotten stays', { timeout: testMsMax }, async () => {
  const [a, b, c, d] = (await start(4)) as [ManagedDatanode, ManagedDatanode, ManagedDatanode, ManagedDatanode];
  await tested.putObject(await tested.createBucket('b'), 'k', [b, c, d]);
  await lose(a);
  const comes = a.start().then(
    () => true,
    () => false,
  );
  const [forgotten, came] = await Promise.all([forget(a.nodeId), comes]);
  // Whoever was first has won, and both were told the same.
  expect(forgotten.status).toBe(came ? 409 : 200);
  expect((await listed()).includes(a.nodeId)).toBe(came);
});
