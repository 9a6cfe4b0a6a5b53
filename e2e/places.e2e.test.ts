import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { must } from '../src/base/must.js';
import { S3TestClient } from '../src/testing/s3-test-client.js';
import { command } from './command.js';
import { place, removeNamespace, type Place } from './environment.js';
import { PortForward } from './port-forward.js';
import type { Release } from './release.js';
import { until } from './until.js';

const denyAll = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'deny' },
  spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
};
const restricted = Object.fromEntries(['enforce', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']));
const longName = 'a-release-name-as-long-as-helm-lets-anybody-make-oness';

describe('where it can be installed', () => {
  let release: Release | null = null;

  afterEach(async () => {
    if (release) await removeNamespace(release);
    release = null;
  });

  async function installed(where: Place, before: (release: Release) => Promise<unknown> = () => Promise.resolve()): Promise<Release> {
    release = await place(where);
    await before(release);
    await release.install();
    await release.untilWhole(3);
    const ran = await release.test();
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    expect(ran.stderr).not.toMatch(/would violate PodSecurity/);
    return release;
  }

  test('in a restricted namespace', () => installed({ namespace: 'restricted', labels: restricted }));

  test('in a namespace that denies all traffic by default, where only those who may get in', async () => {
    const made = await installed({ namespace: 'denied' }, ({ kube }) => kube.apply(JSON.stringify(denyAll)));
    const client = new S3TestClient(must((await made.clientOptions())[0], 'a worker'));
    expect((await client.request({ method: 'GET', path: '/' })).status).toBe(200);
    client.close();
    const probe = `fetch('http://${made.fullname}-master:42100/api/status',{signal:AbortSignal.timeout(5000)}).then((r)=>console.log('in',r.status),()=>console.log('out'))`;
    const image = must(process.env['E2E_IMAGE'], 'E2E_IMAGE');
    await made.kube.run([
      'run',
      'stranger',
      `--image=${image}`,
      '--image-pull-policy=Never',
      '--restart=Never',
      '--command',
      '--',
      'node',
      '-e',
      probe,
    ]);
    await until('podReady', 'the stranger has tried', async () =>
      (await made.kube.get('pod', 'stranger'))?.status?.phase === 'Succeeded' ? true : null,
    );
    expect(await made.kube.run(['logs', 'stranger'])).toBe('out');
  });

  test('under a release name of 53 letters', async () => {
    const name = longName.slice(0, 53);
    expect(name).toHaveLength(53);
    await installed({ namespace: 'long', name });
  });

  test('with a certificate that `kubectl create secret tls` took, and the buckets of its values', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'aetherstore-e2e-tls-'));
    const [key, certificate] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
    const names = 'subjectAltName=DNS:aetherstore.tls.svc';
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=s3', '-addext', names];
    await command('openssl', [...request, '-keyout', key, '-out', certificate]);
    const made = await installed({ namespace: 'tls', values: { 'tls.secretName': 's3-tls', buckets: '{first}' } }, ({ kube }) =>
      kube.run(['create', 'secret', 'tls', 's3-tls', `--cert=${certificate}`, `--key=${key}`]),
    );
    rmSync(folder, { recursive: true });
    const status = await made.kube.run(['exec', `deployment/${made.fullname}-master`, '--container', 'master', '--', 'aether', 'status']);
    expect(status, 'nothing has to be configured for aether inside the pod').toContain('HEALTHY');
  });

  test('from the manifest for a small store, without Helm, and it goes as it came', async () => {
    const manifest = ['-f', 'manifests/small.yaml'];
    const made = (release = await place({ namespace: 'aetherstore' })); // the namespace that the manifest names
    await made.kube.run(['apply', ...manifest]);
    await made.kube.untilReady('master', 1);
    await made.untilWhole(3);
    const forward = await PortForward.open(made.kube, `service/${made.fullname}`, 9000);
    const [door] = await made.clientOptions();
    const client = new S3TestClient({ ...must(door, 'a way in'), endpoint: `http://127.0.0.1:${forward.port}` });
    const body = randomBytes(1_000_000);
    expect((await client.request({ method: 'PUT', path: '/first' })).status).toBe(200);
    expect((await client.request({ method: 'PUT', path: '/first/object', body })).status).toBe(200);
    expect((await client.request({ method: 'GET', path: '/first/object' })).body.equals(body)).toBe(true);
    client.close();
    await forward.close();
    await made.kube.run(['delete', ...manifest, '--timeout=180s'], 'uninstall');
    expect(await made.kube.get('namespace', 'aetherstore')).toBeNull();
  });
});
