import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../../base/clock.js';
import { nodeStates } from '../../model/node.js';
import type { KnownNode, NodeRegistry } from '../node-registry.js';

/** Nodes with metrics of their own: more would cost each scrape too much. */
const nodesShownMax = 200;
const labelNames = ['node', 'host', 'zone'] as const;
type NodeLabels = (typeof labelNames)[number];

/** One node a series, under `aetherstore_master_node_…`. */
export function addNodeMetrics(registry: Registry, nodes: NodeRegistry, clock: Clock): void {
  const registers = [registry];
  const shown = (): KnownNode[] => nodes.all().slice(0, nodesShownMax);
  const perNode = (name: string, help: string, value: (node: KnownNode) => number): void => {
    const made: Gauge<NodeLabels> = new Gauge({
      name: `aetherstore_master_node_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        made.reset();
        for (const node of shown()) made.set(labelsOf(node), value(node));
      },
    });
  };
  perNode('heartbeat_age_seconds', 'Since the last heartbeat.', ({ heardAtMs }) => Math.max(0, clock.monotonicMs() - heardAtMs) / 1000);
  perNode('capacity_bytes', 'Size of the volume.', ({ capacityBytes }) => capacityBytes);
  perNode('free_bytes', 'Bytes that the volume can still take.', ({ freeBytes }) => freeBytes);
  perNode('chunks', 'Chunks on the volume.', ({ chunkCount }) => chunkCount);
  const states: Gauge<NodeLabels | 'state'> = new Gauge({
    name: 'aetherstore_master_node_state',
    help: '1 for the state in which the node is.',
    labelNames: [...labelNames, 'state'],
    registers,
    collect() {
      states.reset();
      for (const node of shown()) states.set({ ...labelsOf(node), state: node.state }, 1);
    },
  });
  const changes: Counter<'node' | 'to'> = new Counter({
    name: 'aetherstore_master_node_state_changes_total',
    help: 'Changes of the state of a node.',
    labelNames: ['node', 'to'],
    registers,
  });
  const counted = new Set<string>();
  nodes.onChange(({ before, after }) => {
    if (after === null) {
      counted.delete(before.nodeId);
      for (const to of nodeStates) changes.remove({ node: before.nodeId, to });
      return;
    }
    if (before?.state === after.state || (counted.size >= nodesShownMax && !counted.has(after.nodeId))) return;
    counted.add(after.nodeId);
    changes.inc({ node: after.nodeId, to: after.state }, before === null ? 0 : 1); // a new node: the series is there, nothing changed
  });
}

function labelsOf({ nodeId, host, zone }: KnownNode): Record<NodeLabels, string> {
  return { node: nodeId, host, zone };
}
