import { must } from '../base/must.js';
import { ControllerMetrics } from '../controller/metrics.js';
import { GatewayMetrics } from '../gateway/metrics.js';
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
      gateway: (await read(gateway.adminPort, '/metrics')) + (await shownWithTls()),
      controller: await controllerPage(),
    };
  } finally {
    await cluster.close();
  }
}

async function read(port: number, path: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return answer.text();
}

/** A controller runs in Kubernetes only, so its numbers are shown without one. */
function controllerPage(): Promise<string> {
  const metrics = new ControllerMetrics();
  metrics.watch({
    isLeader: () => true,
    epoch: () => 1,
    isBlind: () => false,
    isPaused: () => false,
    isSecretLost: () => false,
    caches: () => [{ resource: 'pods', objects: 5, freshMs: 1000, lists: 1, streams: 1, failures: 0 }],
    reportAgeMs: () => 1000,
  });
  metrics.countReconcile('report', 'done');
  metrics.countDecision('DatanodeDown');
  metrics.countEvent('written');
  return metrics.render();
}

const none = (): number => 0;

/** What a gateway shows only when its S3 port has a certificate. */
async function shownWithTls(): Promise<string> {
  const metrics = new GatewayMetrics();
  metrics.watch({ requests: none, heldBytes: none, heldForMaster: none, connections: none, certificateExpiresAtWallMs: none });
  const page = await metrics.render();
  return page
    .split('\n\n')
    .filter((metric) => metric.includes('certificate'))
    .join('\n');
}
