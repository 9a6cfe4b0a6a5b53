import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRandom } from '../../base/random.js';
import type { ManagedDatanode } from '../../testing/managed-datanode.js';
import { MasterUnderTest } from '../../testing/master-under-test.js';

/** Far more than it takes on a machine that has nothing else to do. */
const testMsMax = 60_000;

let tested: MasterUnderTest;
let nodes: ManagedDatanode[];
const token = 'a-token-of-the-tests-0123456789';

beforeAll(async () => {
  tested = await MasterUnderTest.start({ restTokens: () => ['another-token-that-is-accepted', token] });
  nodes = [await tested.addNode(), await tested.addNode(), await tested.addNode()];
}, testMsMax);
afterAll(() => tested.close(), testMsMax);

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown> & { error?: { code: string; message: string } };
}

async function call(
  method: string,
  path: string,
  options: { body?: string | Uint8Array<ArrayBuffer>; type?: string; token?: string | null } = {},
): Promise<Answer> {
  const headers = new Headers({ 'content-type': options.type ?? 'application/json' });
  if (options.token !== null) headers.set('authorization', `Bearer ${options.token ?? token}`);
  const response = await fetch(`${tested.address}${path}`, { method, headers, ...(options.body !== undefined && { body: options.body }) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) };
}

const post = (path: string, json: unknown): Promise<Answer> => call('POST', path, { body: JSON.stringify(json) });

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${tested.master.adminPort}/metrics`)).text();
  return Number(new RegExp(`^${name}\\{.*\\} (\\S+)$`, 'm').exec(text)?.[1]);
}

/** What a datanode does after `PUT /objects/{id}`. */
async function uploadTo(node: ManagedDatanode, id: string, bytes: Buffer): Promise<void> {
  const facts = node.store(bytes, { id, kind: 'rest', generation: 0 });
  await node.client.call('reportChunk', { nodeId: node.nodeId, boot: node.boot, ...facts, generation: 0 }, { timeoutMs: 5000 });
}

describe('the original API', { timeout: testMsMax }, () => {
  it('notes a node by hand', async () => {
    const answer = await post('/api/node/register', { id: 'datanode-1', address: 'http://localhost:42101' });
    expect(answer).toMatchObject({ status: 200, body: { status: 'OK' } });
    expect(await post('/api/node/register', { id: 'datanode-1', address: 'http://localhost:42109' })).toMatchObject({ status: 200 });
    const view = await tested.ask('getView', {});
    expect(view.nodes.find((node) => node.nodeId === 'datanode-1')).toMatchObject({ state: 'manual', writable: false });
  });

  it('never changes what a volume has proven', async () => {
    const [node] = nodes;
    const { nodeId, address } = node!;
    expect(await post('/api/node/register', { id: nodeId, address })).toMatchObject({ status: 200, body: { status: 'OK' } });
    const moved = await post('/api/node/register', { id: nodeId, address: 'http://evil:1' });
    expect(moved).toMatchObject({ status: 409, body: { error: { code: 'node-proven' } } });
    const view = await tested.ask('getView', {});
    expect(view.nodes.find((each) => each.nodeId === nodeId)).toMatchObject({ address, state: 'live' });
  });

  it('uploads by init, the nodes and complete, and says what is missing before', async () => {
    const init = await post('/api/upload/init', { size: 1024 });
    const { objectid, nodes: addresses } = init.body as unknown as { objectid: string; nodes: string[] };
    expect(addresses.sort()).toEqual(nodes.map((node) => node.address).sort());
    expect(await post('/api/upload/complete', { objectid })).toMatchObject({ status: 409, body: { error: { code: 'object-incomplete' } } });
    expect(await call('GET', `/api/objects/${objectid}`)).toMatchObject({ status: 409 });

    const bytes = systemRandom.bytes(1024);
    await uploadTo(nodes[0]!, objectid, bytes);
    const half = await post('/api/upload/complete', { objectid });
    expect(half).toMatchObject({ status: 409, body: { error: { code: 'object-incomplete' } } });
    expect(half.body.error?.message).toContain('1 of 2');
    await uploadTo(nodes[1]!, objectid, bytes);
    expect(await post('/api/upload/complete', { objectid })).toMatchObject({ status: 200, body: { status: 'OK' } });
    expect(await post('/api/upload/complete', { objectid })).toMatchObject({ status: 200, body: { status: 'OK' } });

    const { status, body } = await call('GET', `/api/objects/${objectid}`);
    expect(status).toBe(200);
    expect(body['replicas']).toEqual(expect.arrayContaining([nodes[0]!.address, nodes[1]!.address]));
    await tested.until('repaired to three', () => nodes[2]!.chunks.has(objectid));
  });

  it('refuses a copy with other bytes', async () => {
    const { body } = await post('/api/upload/init', { size: 4 });
    const id = body['objectid'] as string;
    await uploadTo(nodes[0]!, id, Buffer.from('good'));
    await expect(uploadTo(nodes[1]!, id, Buffer.from('evil'))).rejects.toMatchObject({ code: 'chunk-conflict' });
    expect(await post('/api/upload/complete', { objectid: id })).toMatchObject({ status: 409 });
  });

  it('takes an object that a node has got without init', async () => {
    const id = systemRandom.uuidV4();
    await uploadTo(nodes[0]!, id, Buffer.from('phase 1'));
    expect(await call('GET', `/api/objects/${id}`)).toMatchObject({ status: 200 });
    await tested.until('replicated', () => nodes.every((node) => node.chunks.has(id)));
  });
});

describe('objects through the master', { timeout: testMsMax }, () => {
  it('are stored replicated, and deleted from the disks', async () => {
    const bytes = systemRandom.bytes(300_000);
    const made = await call('POST', '/api/objects', { body: new Uint8Array(bytes), type: 'application/octet-stream' });
    expect(made.status).toBe(201);
    const id = made.body['objectid'] as string;
    expect(made.body['size']).toBe(bytes.length);
    const holders = nodes.filter((node) => node.chunks.get(id)?.bytes.equals(bytes));
    expect(holders.length).toBeGreaterThanOrEqual(2);
    expect(await call('GET', `/api/objects/${id}`)).toMatchObject({ status: 200 });

    expect(await call('DELETE', `/api/objects/${id}`)).toMatchObject({ status: 200, body: { status: 'OK' } });
    expect(await call('DELETE', `/api/objects/${id}`)).toMatchObject({ status: 404, body: { error: { code: 'object-unknown' } } });
    expect(await call('GET', `/api/objects/${id}`)).toMatchObject({ status: 404 });
    await tested.until('gone from the disks', () => nodes.every((node) => !node.chunks.has(id)));
  });

  it('leave nothing when their body breaks off', async () => {
    const before = (await call('GET', '/api/status')).body['counts'] as Record<string, number>;
    const sizes = nodes.map((node) => node.chunks.size);
    const { port } = new URL(tested.address);
    const broken = httpRequest({
      port,
      method: 'POST',
      path: '/api/objects',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream', 'content-length': 1_000_000 },
    });
    broken.on('error', () => undefined);
    await new Promise((resolve) => broken.write(Buffer.alloc(100_000), resolve));
    await tested.until('begun', async () => (await metric('aetherstore_master_rest_uploads')) === 1);
    broken.destroy();
    await tested.until('ended', async () => (await metric('aetherstore_master_rest_uploads')) === 0);
    expect((await call('GET', '/api/status')).body['counts']).toMatchObject({
      chunks: before['chunks'],
      restObjects: before['restObjects'],
    });
    expect(nodes.map((node) => node.chunks.size)).toEqual(sizes);
  });
});

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

describe('the content of an object', { timeout: testMsMax }, () => {
  const bytes = systemRandom.bytes(200_000);
  let id: string;
  beforeAll(async () => {
    const made = await call('POST', '/api/objects', { body: new Uint8Array(bytes), type: 'application/octet-stream' });
    id = made.body['objectid'] as string;
    await tested.until('three copies', () => nodes.every((node) => node.chunks.has(id)));
  });
  const content = (headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
    fetch(`${tested.address}/api/objects/${id}/content`, { method, headers: { authorization: `Bearer ${token}`, ...headers } });

  it('is read whole, by range, and by condition', async () => {
    const whole = await content();
    expect(whole.status).toBe(200);
    expect((await bytesOf(whole)).equals(bytes)).toBe(true);
    const etag = whole.headers.get('etag')!;

    const head = await content({}, 'HEAD');
    expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([200, String(bytes.length), etag]);
    const part = await content({ range: 'bytes=1000-1999' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 1000-1999/${bytes.length}`]);
    expect((await bytesOf(part)).equals(bytes.subarray(1000, 2000))).toBe(true);
    expect((await content({ range: 'bytes=0-9', 'if-range': '"other"' })).status).toBe(200);
    const behind = await content({ range: 'bytes=200000-' });
    expect([behind.status, behind.headers.get('content-range')]).toEqual([416, `bytes */${bytes.length}`]);
    expect((await content({ 'if-none-match': etag })).status).toBe(304);
  });

  it('is read from the good copy when others are damaged or gone, and those are made anew', async () => {
    nodes[0]!.chunks.get(id)!.bytes.fill(0);
    nodes[1]!.chunks.delete(id);
    let asked = 0;
    for (const node of nodes) node.onRead = () => (asked += 1);
    for (let read = 0; read < 20; read += 1) expect((await bytesOf(await content())).equals(bytes)).toBe(true);
    expect(asked).toBeGreaterThan(20); // so bad copies were met
    await tested.until('whole again', () => nodes.every((node) => node.chunks.get(id)?.bytes.equals(bytes)));
  });

  it('of nothing has no bytes', async () => {
    const made = await call('POST', '/api/objects', { type: 'application/octet-stream' });
    expect(made).toMatchObject({ status: 201, body: { size: 0 } });
    const read = await fetch(`${tested.address}/api/objects/${made.body['objectid'] as string}/content`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect([read.status, read.headers.get('content-length')]).toEqual([200, '0']);
  });
});

describe('what people ask', { timeout: testMsMax }, () => {
  it('is answered by status in words', async () => {
    const { status, body } = await call('GET', '/api/status');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      replicationFactor: 3,
      writeQuorum: 2,
      unsafe: false,
      writableNodes: 3,
      writesSurviveNodes: 1,
      copiesShareHost: false,
    });
    expect((body['words'] as string[]).length).toBeGreaterThan(0);
  });

  it('lists nodes', async () => {
    const { body } = await call('GET', '/api/nodes');
    const listed = body['nodes'] as { id: string; state: string; writable: boolean }[];
    expect(listed.filter((node) => node.state === 'live').map((node) => node.id).sort()).toEqual(nodes.map((node) => node.nodeId).sort()); // prettier-ignore
  });

  it('explains where an object lives', async () => {
    const bucket = await tested.createBucket('explained');
    const id = await tested.putObject(bucket, 'a/key', nodes);
    const { status, body } = await call('GET', '/api/explain?bucket=explained&key=a%2Fkey');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      object: { bucket: 'explained', key: 'a/key' },
      truncated: false,
      words: 'Every chunk is healthy: 1 of 1.',
    });
    const [chunk] = body['chunks'] as { id: string; copies: { state: string; host: string }[] }[];
    expect(chunk?.id).toBe(id);
    expect(chunk?.copies.map((copy) => copy.host).sort()).toEqual(['host-0', 'host-1', 'host-2']);
    expect(await call('GET', `/api/explain?object=${id}`)).toMatchObject({ status: 200 });
  });

  it('is described by an OpenAPI document that names every route', async () => {
    const { status, body } = await call('GET', '/api/openapi.json', { token: null });
    expect(status).toBe(200);
    expect(body['openapi']).toBe('3.1.0');
    const paths = body['paths'] as Record<string, Record<string, { responses: object; operationId: string; security: unknown[] }>>;
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/api/node/register', '/api/upload/init', '/api/upload/complete', '/api/objects/{id}', '/api/explain']),
    );
    expect(new Set(operations.map((operation) => operation.operationId)).size).toBe(operations.length);
    for (const operation of operations) expect(Object.keys(operation.responses).length).toBeGreaterThan(1);
    // Every reference leads somewhere.
    const references = [...JSON.stringify(body).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1]!);
    const { schemas } = body['components'] as { schemas: Record<string, unknown> };
    expect(references.length).toBeGreaterThan(0);
    for (const name of references) expect(schemas).toHaveProperty(name);
  });

  it('is answered on the admin port in the form of Prometheus', async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${tested.master.adminPort}/metrics`)).text();
    expect(metrics).toMatch(/^aetherstore_master_nodes\{state="live",role="master"\} 3$/m);
    expect(metrics).toMatch(/^aetherstore_master_reign_epoch\{role="master"\} 1$/m);
    expect((await fetch(`http://127.0.0.1:${tested.master.adminPort}/readyz`)).status).toBe(200);
  });
});

const json = (value: unknown): { body: string } => ({ body: JSON.stringify(value) });

describe('bad input', { timeout: testMsMax }, () => {
  const unknown = systemRandom.uuidV4();
  const large = json({ id: 'a', address: `http://h:1`, padding: 'x'.repeat(20_000) });
  const table: [string, string, { body?: string; type?: string }, number, string][] = [
    ['POST', '/api/node/register', { body: '{' }, 400, 'json-malformed'],
    ['POST', '/api/node/register', { body: '' }, 400, 'json-malformed'],
    ['POST', '/api/node/register', json([]), 400, 'json-malformed'],
    ['POST', '/api/node/register', json('text'), 400, 'json-malformed'],
    ['POST', '/api/node/register', { body: 'id=a', type: 'application/x-www-form-urlencoded' }, 400, 'json-malformed'],
    ['POST', '/api/node/register', json({ id: 'a' }), 400, 'json-malformed'],
    ['POST', '/api/node/register', json({ id: 1, address: 'http://h:1' }), 400, 'json-malformed'],
    ['POST', '/api/node/register', json({ id: 'a b', address: 'http://h:1' }), 400, 'json-malformed'],
    ['POST', '/api/node/register', json({ id: 'a', address: 'ftp://h:1' }), 400, 'json-malformed'],
    ['POST', '/api/node/register', json({ id: 'a', address: 'http://user:pass@h:1' }), 400, 'json-malformed'],
    ['POST', '/api/node/register', json({ id: 'a', address: 'http://h:1/../x?y' }), 400, 'json-malformed'],
    ['POST', '/api/node/register', json({ id: 'a', address: 'http://h:99999' }), 400, 'json-malformed'],
    ['POST', '/api/node/register', json({ __proto__: null, constructor: 1 }), 400, 'json-malformed'],
    ['POST', '/api/node/register', large, 413, 'request-too-large'],
    ['POST', '/api/upload/init', json({}), 400, 'json-malformed'],
    ['POST', '/api/upload/init', json({ size: -1 }), 400, 'json-malformed'],
    ['POST', '/api/upload/init', json({ size: 1.5 }), 400, 'json-malformed'],
    ['POST', '/api/upload/init', json({ size: '1024' }), 400, 'json-malformed'],
    ['POST', '/api/upload/init', json({ size: 5 * 2 ** 30 + 1 }), 413, 'object-too-large'],
    ['POST', '/api/upload/complete', json({ objectid: '../../etc/passwd' }), 400, 'object-id-invalid'],
    ['POST', '/api/upload/complete', json({ objectid: 7 }), 400, 'json-malformed'],
    ['POST', '/api/upload/complete', json({ objectid: unknown }), 404, 'object-unknown'],
    ['GET', '/api/objects/not-a-uuid', {}, 400, 'object-id-invalid'],
    ['GET', '/api/objects/..%2f..%2fetc%2fpasswd', {}, 400, 'object-id-invalid'],
    ['GET', '/api/objects/%zz', {}, 400, 'uri-invalid'],
    ['GET', `/api/objects/${unknown}`, {}, 404, 'object-unknown'],
    ['GET', '/api/objects/x/content', {}, 400, 'object-id-invalid'],
    ['GET', `/api/objects/${unknown}/content`, {}, 404, 'object-unknown'],
    ['DELETE', '/api/objects/x', {}, 400, 'object-id-invalid'],
    ['DELETE', `/api/objects/${unknown}`, {}, 404, 'object-unknown'],
    ['POST', '/api/nodes/nobody/clear', {}, 404, 'node-unknown'],
    ['DELETE', '/api/nodes/nobody', {}, 404, 'node-unknown'],
    ['DELETE', '/api/nodes/..%2fnobody', {}, 404, 'node-unknown'],
    ['GET', '/api/nodes/nobody', {}, 405, 'method-not-allowed'],
    ['GET', '/api/explain', {}, 400, 'argument-invalid'],
    ['GET', '/api/explain?bucket=a', {}, 400, 'argument-invalid'],
    ['GET', '/api/explain?bucket=a&bucket=b&key=c', {}, 400, 'argument-invalid'],
    ['GET', '/api/explain?object=x', {}, 400, 'argument-invalid'],
    ['GET', `/api/explain?object=${unknown}`, {}, 404, 'object-unknown'],
    ['GET', '/api/explain?bucket=none&key=k', {}, 404, 'no-such-bucket'],
    ['GET', '/api/nothing', {}, 404, 'route-unknown'],
    ['GET', '/', {}, 404, 'route-unknown'],
    ['PATCH', '/api/objects', {}, 405, 'method-not-allowed'],
    ['GET', '/api/node/register', {}, 405, 'method-not-allowed'],
    ['DELETE', '/api/status', {}, 405, 'method-not-allowed'],
  ];
  it.each(table)('%s %s with %j is refused with %d %s', async (method, path, options, status, code) => {
    const answer = await call(method, path, options);
    expect(answer.status).toBe(status);
    expect(answer.body.error?.code).toBe(code);
    expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.[jt]s:\d/);
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/GET|POST|DELETE/);
  });

  it('in an upload is refused while too few nodes take chunks', async () => {
    const lonely = await MasterUnderTest.start();
    try {
      await lonely.addNode();
      const response = await fetch(`${lonely.address}/api/upload/init`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"size":1}',
      });
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ error: { code: 'nodes-too-few' } });
      const stored = await fetch(`${lonely.address}/api/objects`, { method: 'POST', body: 'x' });
      expect(stored.status).toBe(503);
    } finally {
      await lonely.close();
    }
  });
});

describe('the token', { timeout: testMsMax }, () => {
  const closed: [string, string][] = [
    ['POST', '/api/node/register'],
    ['POST', '/api/upload/init'],
    ['POST', '/api/upload/complete'],
    ['POST', '/api/objects'],
    ['GET', `/api/objects/${systemRandom.uuidV4()}`],
    ['DELETE', `/api/objects/${systemRandom.uuidV4()}`],
    ['GET', `/api/objects/${systemRandom.uuidV4()}/content`],
    ['GET', '/api/status'],
    ['GET', '/api/nodes'],
    ['POST', '/api/nodes/x/clear'],
    ['DELETE', '/api/nodes/x'],
    ['GET', '/api/explain?object=x'],
    ['GET', '/api/nothing'],
  ];
  it.each(closed)('is asked for by %s %s', async (method, path) => {
    const wrong = [null, 'wrong', token.slice(0, -1), `${token}x`];
    for (const each of wrong)
      expect(await call(method, path, { token: each })).toMatchObject({ status: 401, body: { error: { code: 'token-wrong' } } });
  });

  it('may be any of the accepted ones, and health needs none', async () => {
    expect(await call('GET', '/api/status', { token: 'another-token-that-is-accepted' })).toMatchObject({ status: 200 });
    expect(await call('GET', '/health', { token: null })).toMatchObject({ status: 200, body: { status: 'ok' } });
  });
});
