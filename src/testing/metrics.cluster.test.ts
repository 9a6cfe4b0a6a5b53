import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProcessCluster } from './process-cluster.js';

/** Of Prometheus; where it is not there, the names are checked by it elsewhere. */
const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;
const renderBytesMax = 1_000_000;

const folder = mkdtempSync(join(tmpdir(), 'aether-metrics-'));
const cluster = await ProcessCluster.create({ folder, datanodes: 2, gateways: 1, timeFactor: 0.1 });
beforeAll(async () => {
  await cluster.startAll();
  const client = cluster.client();
  await client.request({ method: 'GET', path: '/readiness/probe' });
  await client.request({ method: 'GET', path: '/readiness/none' });
  client.close();
}, 90_000);
afterAll(async () => {
  await cluster.killAll();
  rmSync(folder, { recursive: true });
});

async function scrape(name: string): Promise<string> {
  return (await fetch(`${cluster.adminAddress(name)}/metrics`)).text();
}

/** The first value of a series whose labels contain these. */
function valueOf(text: string, name: string, ...labels: string[]): number {
  const line = text.split('\n').find((each) => each.startsWith(`${name}{`) && labels.every((label) => each.includes(label)));
  return Number(line?.split(' ').at(-1));
}

describe.each(['master', 'datanode-0', 'gateway-0'])('the metrics of %s', (name) => {
  test('are bounded', async () => {
    expect((await scrape(name)).length).toBeLessThan(renderBytesMax);
  });

  test.skipIf(!hasPromtool)('have names that promtool accepts', async () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: await scrape(name), encoding: 'utf8' });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  });
});

test('what a request does is counted in every role', async () => {
  const gateway = await scrape('gateway-0');
  expect(valueOf(gateway, 'aetherstore_gateway_time_to_first_byte_seconds_count', 'operation="GetObject"')).toBe(2);
  expect(valueOf(gateway, 'aetherstore_gateway_call_duration_seconds_count', 'verb="lookupObject"', 'outcome="answered"')).toBe(1);
  expect(valueOf(gateway, 'aetherstore_gateway_call_duration_seconds_count', 'verb="lookupObject"', 'outcome="failed"')).toBe(1);
  expect(valueOf(gateway, 'aetherstore_gateway_call_duration_seconds_count', 'verb="putChunk"', 'outcome="answered"')).toBe(2);

  const master = await scrape('master');
  expect(valueOf(master, 'aetherstore_master_metadata_commit_duration_seconds_count')).toBeGreaterThan(3);
  expect(valueOf(master, 'aetherstore_master_metadata_log_bytes')).toBeGreaterThan(0);
  expect(valueOf(master, 'aetherstore_master_hosts')).toBe(2);
  expect(valueOf(master, 'aetherstore_master_node_heartbeat_age_seconds', 'host="host-of-datanode-0"')).toBeLessThan(10);
  expect(valueOf(master, 'aetherstore_master_node_state', 'state="live"')).toBe(1);

  const datanode = await scrape('datanode-0');
  expect(valueOf(datanode, 'aetherstore_datanode_call_duration_seconds_count', 'verb="heartbeat"')).toBeGreaterThan(0);
  expect(valueOf(datanode, 'aetherstore_datanode_fill_ratio')).toBeGreaterThan(0);
});
