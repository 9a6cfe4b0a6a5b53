import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.js';
import { FakeApiServer } from '../testing/fake-api-server.js';
import { fakeApiCertificate } from '../testing/fake-api-certificate.js';
import { ManualClock } from '../testing/manual-clock.js';
import { ApiClient } from './api-client.js';
import type { Draft, KubeObject } from './cluster-api.js';
import { kubeConfigCredentials, serviceAccountCredentials } from './credentials.js';
import { microTime } from './micro-time.js';

const named = (name: string, labels = {}): Draft<KubeObject> => ({ metadata: { name, labels } });

describe('the client of the API', () => {
  let folder: string;
  let server: FakeApiServer;
  let client: ApiClient;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aetherstore-api-'));
    server = new FakeApiServer({ tls: true });
    await server.start();
    await writeFile(join(folder, 'ca.crt'), fakeApiCertificate.cert);
    await writeFile(join(folder, 'token'), `${server.token}\n`);
    client = new ApiClient(
      { credentials: serviceAccountCredentials({ host: '127.0.0.1', port: server.port, path: folder }), namespace: server.namespace },
      { clock: systemClock },
    );
  });

  afterEach(async () => {
    client.close();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  it('lists, gets, creates, replaces and patches, and says conflicts as the server does', async () => {
    const created = await client.create('secrets', { metadata: { name: 'keys' }, data: { a: 'YQ==' } });
    await expect(client.create('secrets', { metadata: { name: 'keys' } })).rejects.toMatchObject({ status: 409, reason: 'AlreadyExists' });
    const patched = await client.mergePatch('secrets', 'keys', { data: { a: null, b: 'Yg==' } });
    expect(patched.data).toEqual({ b: 'Yg==' });
    await expect(client.replace('secrets', created)).rejects.toMatchObject({ status: 409, reason: 'Conflict', retryAfterMs: null });
    await client.replace('secrets', { ...patched, data: { c: 'Yw==' } });
    expect((await client.get('secrets', 'keys')).data).toEqual({ c: 'Yw==' });
    await expect(client.get('secrets', 'none')).rejects.toMatchObject({ status: 404, reason: 'NotFound' });
    expect([...server.calls]).toEqual([
      ['create secrets', 2],
      ['patch secrets', 1],
      ['update secrets', 2],
      ['get secrets', 2],
    ]);
  });

  it('lists page by page what the selector takes', async () => {
    for (let n = 0; n < 1201; n += 1) server.cluster.create('pods', named(`pod-${String(n).padStart(4, '0')}`, { app: 'ours' }));
    server.cluster.create('pods', named('foreign', { app: 'theirs' }));
    const list = await client.list('pods', { labelSelector: 'app=ours' });
    expect(new Set(list.items.map(({ metadata }) => metadata.name)).size).toBe(1201);
    expect(list.resourceVersion).toBe(String(server.cluster.version));
    expect(server.calls.get('list pods')).toBe(3);
  });

  it('keeps its connection over many calls', async () => {
    server.cluster.create('nodes', named('worker'));
    for (let n = 0; n < 120; n += 1) await client.get('nodes', 'worker');
    expect(server.connectionsSeen).toBe(1);
  });

  it('reads its token anew, as Kubernetes renews it', async () => {
    await client.list('pods', {});
    server.token = 'second-token';
    await expect(client.list('pods', {})).rejects.toMatchObject({ status: 401 });
    await writeFile(join(folder, 'token'), server.token);
    await expect(client.list('pods', {})).resolves.toMatchObject({ items: [] });
  });

  it('believes no server that no known authority vouches for', async () => {
    await writeFile(join(folder, 'ca.crt'), rootCertificates[0]!);
    await expect(client.list('pods', {})).rejects.toThrow(/self-signed|unable to verify/);
    expect(server.calls.size).toBe(0);
  });

  it('passes on for how long a busy server wants to be left alone', async () => {
    server.failNext('get pods', { status: 429, reason: 'TooManyRequests', retryAfterSeconds: 7 });
    await expect(client.get('pods', 'a')).rejects.toMatchObject({ status: 429, reason: 'TooManyRequests', retryAfterMs: 7000 });
  });

  it('writes lease times with six digits; with three the server refuses them', async () => {
    const atMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
    const lease = { metadata: { name: 'lease' }, spec: { renewTime: new Date(atMs).toISOString() } };
    await expect(client.create('leases', lease)).rejects.toMatchObject({ status: 400 });
    expect(microTime(atMs)).toBe('2026-01-02T03:04:05.678000Z');
    await expect(client.create('leases', { ...lease, spec: { renewTime: microTime(atMs) } })).resolves.toMatchObject({
      spec: { renewTime: microTime(atMs) },
    });
  });

  it('gives a call up when no answer comes in time, and when the caller no longer wants it', async () => {
    const clock = new ManualClock();
    const credentials = serviceAccountCredentials({ host: '127.0.0.1', port: server.port, path: folder });
    const patient = new ApiClient({ credentials, namespace: server.namespace }, { clock });
    server.failNext('list pods', 'stall', 2);
    const late = expect(patient.list('pods', {})).rejects.toThrow('no answer to GET');
    await expect.poll(() => server.calls.get('list pods')).toBe(1);
    clock.advance(15_000);
    await late;
    const abort = new AbortController();
    const unwanted = expect(patient.list('pods', {}, abort.signal)).rejects.toThrow('changed its mind');
    await expect.poll(() => server.calls.get('list pods')).toBe(2);
    abort.abort(new Error('changed its mind'));
    await unwanted;
    await expect.poll(() => server.sockets).toBe(0);
    patient.close();
  });

  it('takes a kubeconfig too', async () => {
    const config = {
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'fake', user: 'me' } }],
      clusters: [
        {
          name: 'fake',
          cluster: { server: server.url, 'certificate-authority-data': Buffer.from(fakeApiCertificate.cert).toString('base64') },
        },
      ],
      users: [{ name: 'me', user: { token: server.token } }],
    };
    await mkdir(join(folder, 'kube'));
    await writeFile(join(folder, 'kube/config'), JSON.stringify(config));
    const credentials = await kubeConfigCredentials(join(folder, 'kube/config'));
    const outside = new ApiClient({ credentials, namespace: server.namespace }, { clock: systemClock });
    for (let n = 0; n < 5; n += 1) await expect(outside.list('pods', {})).resolves.toMatchObject({ items: [] });
    expect(server.connectionsSeen).toBe(1);
    outside.close();
  });
});
