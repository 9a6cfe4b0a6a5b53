import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.js';
import { nodeStates } from '../../model/node.js';
import { knownNodeOf } from '../../testing/known-node.js';
import { MasterMeasures } from './measures.js';
import { MasterMetrics, type MetricSources } from './metrics.js';
import { NodeRegistry } from '../node-registry.js';

const nodesMany = 50;
const renderMsMax = 50;
const renderBytesMax = 1_000_000;
/** The best of several: what else the machine does is not what is measured. */
const rounds = 5;

test('the metrics of fifty nodes are small and quickly rendered', async () => {
  const nodes = Array.from({ length: nodesMany }, (_, index) =>
    knownNodeOf({ nodeNumber: index + 1, zone: `zone-${index % 3}`, state: nodeStates[index % nodeStates.length]! }),
  );
  const facts = { clusterId: 'c', epoch: 1, replicationFactor: 3, writeQuorum: 2, sweepGeneration: 0 };
  const registry = new NodeRegistry(facts, nodes);
  const measures = new MasterMeasures();
  const metrics = new MasterMetrics(measures, {
    registry,
    orders: { count: () => 0 } as unknown as MetricSources['orders'],
    statistics: () => new Proxy({}, { get: () => 0 }) as ReturnType<MetricSources['statistics']>,
    metadata: { sizes: { databaseBytes: 1, logBytes: 2, volumeBytes: 1000, volumeFreeBytes: 70 }, hasRoom: false },
    repair: { census: null, copiesUnderWay: 0, totals: { copies: 1, bytes: 2, failed: 3 } },
    wireConnections: () => 0,
    clock: systemClock,
  });
  registry.put({ ...nodes[0]!, state: 'suspect' });
  measures.countGroup({ transactions: 4, durationMs: 2 });
  let text = '';
  let bestMs = Infinity;
  for (let round = 0; round < rounds; round += 1) {
    const startedMs = performance.now();
    text = await metrics.render();
    bestMs = Math.min(bestMs, performance.now() - startedMs);
  }
  expect(bestMs).toBeLessThan(renderMsMax);
  expect(text.length).toBeLessThan(renderBytesMax);
  expect(text.match(/^aetherstore_master_node_state\{.*\} 1$/gm)).toHaveLength(nodesMany);
  expect(text).toContain('aetherstore_master_node_state{node="node-1",host="node-1",zone="zone-0",state="suspect",role="master"} 1');
  expect(text).toContain('aetherstore_master_node_state_changes_total{node="node-1",to="suspect",role="master"} 1');
  expect(text).toContain('aetherstore_master_zones{role="master"}');
  expect(text).toContain('aetherstore_master_repair_copied_bytes_total{role="master"} 2');
  expect(text).toContain('aetherstore_master_metadata_volume_free_bytes{role="master"} 70');
  expect(text).toContain('aetherstore_master_metadata_has_room{role="master"} 0');
  expect(text).toContain('aetherstore_master_metadata_transactions_total{role="master"} 4');

  registry.remove('node-1');
  const after = await metrics.render();
  expect(after).not.toContain('"node-1"');
  expect(after).toContain('"node-2"');

  // A number says how many nodes there ever were, not how many there are
  const late = knownNodeOf({ nodeNumber: 5000 });
  registry.put(late);
  registry.put({ ...late, state: 'suspect' });
  expect(await metrics.render()).toContain('aetherstore_master_node_state_changes_total{node="node-5000",to="suspect",role="master"} 1');
});
