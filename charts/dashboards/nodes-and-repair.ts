import type { Dashboard } from './panel.js';

export const nodesAndRepair: Dashboard = {
  name: 'nodes-and-repair',
  title: 'Nodes and repair',
  description: 'Whether every chunk has its copies, what repair does about it, and how the datanodes and their disks do.',
  rows: [
    {
      title: 'Durability',
      panels: [
        {
          title: 'Chunks by missing copies',
          description: 'As the last scan of all chunks saw them: without a copy, with one, and with fewer than the replication factor.',
          unit: 'short',
          bad: { from: 1 },
          queries: {
            'no copy': 'sum(aetherstore_master_missing_chunks)',
            'one copy': 'sum(aetherstore_master_at_risk_chunks)',
            'short of copies': 'sum(aetherstore_master_short_chunks)',
          },
        },
        {
          title: 'Chunks with few recorded copies',
          description:
            'Commits that had fewer receipts than the replication factor, and copies that were reported lost: the work list of repair.',
          unit: 'short',
          queries: { chunks: 'sum(aetherstore_master_under_replicated_chunks)' },
        },
        {
          title: 'Orders',
          description:
            'What datanodes are asked to do at the moment: copy (repair), delete, verify (a node that returned), clear (a quarantine).',
          unit: 'short',
          queries: { '{{kind}}': 'sum by (kind) (aetherstore_master_orders)' },
        },
        {
          title: 'Copies made',
          description: 'Copies that repair made, and those that failed, a second.',
          unit: 'ops',
          queries: { '{{outcome}}': 'sum by (outcome) (rate(aetherstore_datanode_orders_total{kind="copy"}[$__rate_interval]))' },
        },
        {
          title: 'Deletes and checks',
          description: 'Orders of the other kinds that were carried out, a second.',
          unit: 'ops',
          queries: {
            '{{kind}} {{outcome}}': 'sum by (kind, outcome) (rate(aetherstore_datanode_orders_total{kind!="copy"}[$__rate_interval]))',
          },
        },
        {
          title: 'Damaged copies',
          description:
            'Copies whose bytes did not have their checksum, by the node that found its own. Each is made anew from another; a disk that has many is ill.',
          unit: 'ops',
          bad: { from: 0.001 },
          queries: { '{{instance}}': 'sum by (instance) (rate(aetherstore_datanode_damaged_chunks_total[$__rate_interval]))' },
        },
      ],
    },
    {
      title: 'Nodes',
      panels: [
        {
          title: 'Nodes by state',
          description:
            'How the master judges its datanodes: suspect after 12 s of silence, down after 60 s, repairing 5 min later (unless set otherwise).',
          unit: 'short',
          look: 'stacked',
          queries: { '{{state}}': 'sum by (state) (aetherstore_master_nodes) > 0' },
        },
        {
          title: 'Nodes that take chunks',
          description: 'Live nodes whose volume is open. Below the write quorum writes stop.',
          unit: 'short',
          queries: { nodes: 'sum(aetherstore_master_writable_nodes)' },
        },
        {
          title: 'Heartbeats that failed',
          description: 'Heartbeats a second that got no answer of the master, by datanode.',
          unit: 'ops',
          bad: { from: 0.01 },
          queries: { '{{instance}}': 'sum by (instance) (rate(aetherstore_datanode_heartbeats_total{result="failed"}[$__rate_interval]))' },
        },
      ],
    },
    {
      title: 'Disks',
      panels: [
        {
          title: 'Fill',
          description: 'Part of each volume that is used. From 90 % on (unless set otherwise) it takes no chunks; reads and deletes go on.',
          unit: 'percentunit',
          max: 1,
          bad: { from: 0.9, warnFrom: 0.85 },
          queries: { '{{instance}}': 'max by (instance) (aetherstore_datanode_used_bytes / aetherstore_datanode_capacity_bytes)' },
        },
        {
          title: 'Free',
          description: 'Bytes that each volume can still take.',
          unit: 'bytes',
          queries: { '{{instance}}': 'max by (instance) (aetherstore_datanode_free_bytes)' },
        },
        {
          title: 'Data',
          description:
            'Bytes of the chunks on each volume that are not deleted. The rest of what is used is deleted chunks that compaction gives back, and what is not ours.',
          unit: 'bytes',
          queries: { '{{instance}}': 'max by (instance) (aetherstore_datanode_live_bytes)' },
        },
        {
          title: 'Chunks',
          description: 'Chunks on each volume; about equal where volumes are.',
          unit: 'short',
          queries: { '{{instance}}': 'max by (instance) (aetherstore_datanode_chunks)' },
        },
        {
          title: 'Volumes that take nothing',
          description: '1 for a volume that is full, draining or quarantined, 2 for one whose disk failed or whose log is damaged.',
          unit: 'short',
          max: 2,
          bad: { from: 1 },
          queries: {
            '{{instance}}': 'max by (instance) ((1 - aetherstore_datanode_writable) + aetherstore_datanode_quarantined)',
          },
        },
        {
          title: 'REST requests',
          description: 'Requests a second to the REST API of each datanode. Gateways do not use it.',
          unit: 'reqps',
          queries: { '{{instance}} {{status}}': 'sum by (instance, status) (rate(aetherstore_datanode_requests_total[$__rate_interval]))' },
        },
      ],
    },
  ],
};
