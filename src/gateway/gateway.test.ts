import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster } from '../testing/cluster.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
}, 30_000);
afterAll(() => cluster.close());

describe('a whole store', () => {
  it('gives back what was put', async () => {
    const client = cluster.client();
    expect((await client.request({ method: 'PUT', path: '/bkt' })).status).toBe(200);
    expect((await client.request({ method: 'PUT', path: '/bkt/k', body: Buffer.from('hello') })).status).toBe(200);
    const got = await client.request({ method: 'GET', path: '/bkt/k' });
    expect(got.body.toString()).toBe('hello');
  });
});
