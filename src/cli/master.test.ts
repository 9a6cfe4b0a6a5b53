import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { runAether, type AetherRun } from '../testing/run-aether.js';
import { exitCode } from './exit-code.js';

const folder = mkdtempSync(join(tmpdir(), 'aether-master-'));
const token = 'the-rest-token';
const id = '11111111-1111-4111-8111-111111111111';

const healthy = {
  verdict: 'healthy',
  words: ['Every chunk has its copies, every node is there.'],
  clusterId: id,
  view: { epoch: 1, n: 2 },
  replicationFactor: 3,
  writeQuorum: 2,
  writesSurviveNodes: 1,
  counts: { buckets: 1, objects: 5, objectBytes: 4096, chunks: 6 },
  census: { chunks: 6, short: 0, atRisk: 0, none: 0, takenAtWallMs: 0 },
  copiesUnderWay: 0,
};
const node = {
  id,
  address: 'http://127.0.0.1:42101',
  host: 'h',
  zone: 'z',
  state: 'quarantined',
  stateReason: 'disk fault',
  condition: 'quarantined',
  writable: false,
  boot: 3,
  capacityBytes: 1000,
  freeBytes: 400,
  usedBytes: 600,
  chunks: 7,
  heardMsAgo: 1500,
};
const explanation = {
  object: { bucket: 'b', key: 'k ä' },
  words: 'All 1 chunks are healthy.',
  truncated: false,
  chunks: [
    {
      id,
      lengthBytes: 10,
      words: 'Healthy.',
      copies: [{ nodeId: id, address: node.address, host: 'h', zone: 'z', state: 'live', counts: true }],
    },
  ],
};

let status: object = healthy;
let requests: string[] = [];
/** Answers what a master answers, to whoever brings the token. */
const server = createServer((request, response) => {
  requests.push(`${request.method} ${request.url}`);
  const answers: Record<string, object> = {
    '/api/status': status,
    '/api/nodes': { nodes: [node] },
    '/api/explain?bucket=b&key=k+%C3%A4': explanation,
    [`/api/explain?object=${id}`]: explanation,
    [`/api/nodes/${id}/clear`]: { status: 'OK' },
    [`/api/nodes/${id}`]: { status: 'OK' },
  };
  const known = answers[request.url ?? ''];
  const allowed = request.headers.authorization === `Bearer ${token}`;
  const error = allowed
    ? { code: 'node-unknown', message: 'No node has this id.' }
    : { code: 'token-wrong', message: 'A valid bearer token is needed.' };
  response.writeHead(allowed ? (known ? 200 : 404) : 401, { 'content-type': 'application/json', 'x-request-id': 'R1' });
  response.end(JSON.stringify(allowed && known ? known : { error }));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  status = healthy;
  requests = [];
});

function run(args: string[], restToken = token, interrupt = new AbortController()): Promise<AetherRun> {
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return runAether(args, { folder, variables: { AETHER_MASTER_ADDRESS: address, AETHER_REST_TOKEN: restToken }, interrupt });
}

test('status fits one screen', async () => {
  const { code, out } = await run(['status']);
  expect(code).toBe(0);
  expect(out).toContain('HEALTHY  Every chunk has its copies');
  expect(out).toMatch(/NODE +STATE/);
  expect(out).toContain('5 objects in 1 bucket, 4.0 KiB');
  expect(JSON.parse((await run(['status', '-o', 'json'])).out)).toMatchObject({
    verdict: 'healthy',
    view: { epoch: 1 },
    nodeList: [{ id }],
  });
});

test('status --exit-code tells an unhealthy store by 8', async () => {
  expect((await run(['status', '--exit-code'])).code).toBe(0);
  status = { ...healthy, verdict: 'degraded', census: null };
  expect(await run(['status', '--exit-code', '-o', 'name'])).toMatchObject({ code: exitCode.unhealthy, out: 'degraded\n' });
  expect((await run(['status'])).code).toBe(0);
});

test('status --watch goes on until Ctrl-C', async () => {
  const interrupt = new AbortController();
  const running = run(['status', '--watch', '--interval', '0.2', '-o', 'name'], token, interrupt);
  await expect.poll(() => requests.length, { timeout: 10_000 }).toBeGreaterThan(4);
  interrupt.abort();
  const { code, out } = await running;
  expect(code).toBe(exitCode.interrupted);
  expect(out).toMatch(/^(?:healthy\n){2,}$/);
});

test('node ls and clear', async () => {
  expect((await run(['node', 'ls', '-o', 'wide', '--no-headers'])).out).toMatch(/quarantined .* 600 B .* 400 B .*disk fault/);
  expect((await run(['node', 'clear', id])).code).toBe(exitCode.usage);
  expect(requests).not.toContain(`POST /api/nodes/${id}/clear`);
  expect((await run(['node', 'clear', id, '--yes'])).code).toBe(0);
  expect(requests).toContain(`POST /api/nodes/${id}/clear`);
  expect(await run(['node', 'clear', 'a/../b', '--yes', '-o', 'json'])).toMatchObject({ code: exitCode.notFound });
  expect(requests).toContain('POST /api/nodes/a%2F..%2Fb/clear');
});

test('node forget', async () => {
  expect((await run(['node', 'forget', id])).code).toBe(exitCode.usage);
  expect(requests).toEqual([]);
  expect(await run(['node', 'forget', id, '--yes'])).toMatchObject({ code: 0, out: `${id} is forgotten\n` });
  expect(requests).toEqual([`DELETE /api/nodes/${id}`]);
  expect(JSON.parse((await run(['node', 'forget', id, '--yes', '-o', 'json'])).out)).toEqual({ node: id, status: 'forgotten' });
  const unknown = await run(['node', 'forget', 'a/../b', '--yes', '-o', 'json']);
  expect(unknown.code).toBe(exitCode.notFound);
  expect(JSON.parse(unknown.err)).toMatchObject({ error: { code: 'node-unknown' } });
  expect(requests).toContain('DELETE /api/nodes/a%2F..%2Fb');
  expect((await run(['node', 'forget', id, '--yes'], 'a-wrong-token')).code).toBe(exitCode.denied);
  expect((await run(['__complete', '--', 'node', 'f'])).out).toBe('forget\n');
});

test('explain says where each copy is, by key or by id', async () => {
  expect((await run(['explain', 's3://b/k ä'])).out).toContain(`chunk ${id}  10 B  Healthy.\n  ${id}  live`);
  expect((await run(['explain', id, '-o', 'name'])).out).toBe(`${id}\n`);
});

test('a wrong token is denied without being shown', async () => {
  const { code, err } = await run(['status', '--debug'], 'a-wrong-token');
  expect(code).toBe(exitCode.denied);
  expect(err).toContain('set AETHER_REST_TOKEN');
  expect(err).toContain('request id: R1');
  expect(err).not.toContain('a-wrong-token');
});

test('somebody else who answers is not taken for a master', async () => {
  status = { hello: 'world' };
  const { code, err } = await run(['status']);
  expect(code).toBe(exitCode.other);
  expect(err).toContain('something else than a master');
});
