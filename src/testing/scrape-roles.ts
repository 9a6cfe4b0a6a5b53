import { must } from '../base/must.js';
import { Cluster } from './cluster.js';

/** What `/metrics` of each role says in a store that has been used a little, so that labelled counts have their labels. */
export async function scrapeRoles(): Promise<Record<string, string>> {
  const cluster = await Cluster.start();
  try {
    const [datanode, gateway] = [must(cluster.datanodes[0], 'datanode'), must(cluster.gateways[0], 'gateway')];
    const { master } = cluster;
    const client = cluster.client();
    for (const [method, path] of [
      ['PUT', '/bucket'],
      ['PUT', '/bucket/key'],
      ['GET', '/bucket/key'],
      ['GET', '/bucket/no-such-key'],
      ['DELETE', '/bucket/key'],
    ] as const)
      await client.request({ method, path, body: method === 'PUT' && path.endsWith('key') ? Buffer.alloc(100_000, 'a') : Buffer.alloc(0) });
    client.close();
    for (const { port } of [master, datanode]) await read(port, '/api/nothing-here');
    return {
      master: await read(master.adminPort, '/metrics'),
      datanode: await read(datanode.adminPort, '/metrics'),
      gateway: await read(gateway.adminPort, '/metrics'),
    };
  } finally {
    await cluster.close();
  }
}

async function read(port: number, path: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return answer.text();
}
