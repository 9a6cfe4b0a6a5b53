import { expect, it } from 'vitest';
import { systemRandom } from '../base/random.js';
import { newSecret } from '../base/secret-file.js';
import { FakeCluster, FakeRefusal } from '../testing/fake-cluster.js';
import { ApiError } from './api-error.js';
import { StoreSecret } from './secret.js';

const name = 'r-aetherstore-secrets';
const { signal } = new AbortController();

async function answer<T>(ask: () => T): Promise<T> {
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof FakeRefusal)) throw error;
    throw new ApiError({ status: error.status, reason: error.reason, message: error.message, retryAfterMs: null });
  }
}

function world(clusterSecretKey = 'cluster-secret') {
  const cluster = new FakeCluster();
  const api: ConstructorParameters<typeof StoreSecret>[1]['api'] = {
    get: (resource, object) => answer(() => cluster.get(resource, object)),
    create: (resource, draft) => answer(() => cluster.create(resource, draft)),
  };
  return { cluster, secret: new StoreSecret({ name, clusterSecretKey, create: true, labels: {} }, { api, random: systemRandom }) };
}

it('is made where there is no store, and never again by the process that has read it', async () => {
  const { cluster, secret } = world();
  expect(await secret.read(signal, false)).toBe('created');
  expect(await secret.read(signal, true)).toBe('read');
  const known = secret.clusterSecrets;
  cluster.remove('secrets', name);
  expect(await secret.read(signal, false)).toBe('lost');
  expect(cluster.list('secrets')).toEqual([]);
  expect(secret.clusterSecrets).toEqual(known);
});

it('is not made beside data that opens with another', async () => {
  const { cluster, secret } = world();
  expect(await secret.read(signal, true)).toBe('lost');
  expect(cluster.list('secrets')).toEqual([]);
});

it('may have another key, and one that it has not is named', async () => {
  const { cluster, secret } = world('mine');
  const content = newSecret();
  cluster.create('secrets', { metadata: { name }, data: { 'cluster-secret': Buffer.from(content).toString('base64') } });
  await expect(secret.read(signal, true)).rejects.toThrow(`Secret ${name} has no key mine`);
  cluster.mergePatch('secrets', name, { data: { mine: Buffer.from(`${content}\n`).toString('base64') } });
  expect(await secret.read(signal, true)).toBe('read');
  expect(secret.clusterSecrets).toEqual([Buffer.from(content)]);
});
