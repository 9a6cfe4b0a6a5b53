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
          title: 'Repair',
          description: 'Bytes of copies that were made anew, a second.',
          unit: 'Bps',
          queries: { copied: 'sum(rate(aetherstore_master_repair_copied_bytes_total[$__rate_interval]))' },
        },
        {
          title: 'Repair, time left',
          description: 'Chunks that are short of copies, at the pace at which copies are made now. No line: nothing is made.',
          unit: 's',
          queries: {
            'time left': 'sum(aetherstore_master_short_chunks) / (sum(rate(aetherstore_master_repair_copies_total[$__rate_interval])) > 0)',
          },
        },
        {
          title: 'Copies of repair',
          description: 'Copies under way, and copies a minute that were ordered and not made: their source or their target is in trouble.',
          unit: 'short',
          queries: {
            'under way': 'sum(aetherstore_master_repair_copies_in_progress)',
            'failed a minute': '60 * sum(rate(aetherstore_master_repair_failures_total[$__rate_interval]))',
          },
        },
        {
          title: 'Last scan',
          description:
            'Since the last whole scan of the chunks began, which is what the counts of missing copies are from. Once a day, and after each change of a node.',
          unit: 's',
          bad: { from: 2 * 86_400 },
          queries: { age: 'time() - max(aetherstore_master_last_scan_timestamp_seconds > 0)' },
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
          title: 'Zones and hosts',
          description:
            'Zones and hosts with a node that takes chunks, beside the copies of each chunk. With fewer hosts than copies, copies share a host.',
          unit: 'short',
          queries: {
            zones: 'sum(aetherstore_master_zones)',
            hosts: 'sum(aetherstore_master_hosts)',
            copies: 'max(aetherstore_master_replication_factor)',
          },
        },
        {
          title: 'Heartbeat age',
          description:
            'Since the master last heard each node. A heartbeat comes every 3 s; from 12 s on the node is suspect (unless set otherwise).',
          unit: 's',
          bad: { from: 60, warnFrom: 12 },
          queries: { '{{zone}} {{host}} {{node}}': 'max by (zone, host, node) (aetherstore_master_node_heartbeat_age_seconds)' },
        },
        {
          title: 'Changes of state',
          description: 'Changes of the state of each node. A node that changes again and again is worse than one that is gone.',
          unit: 'short',
          queries: { '{{node}} {{to}}': 'sum by (node, to) (increase(aetherstore_master_node_state_changes_total[$__rate_interval])) > 0' },
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
          description:
            'Part of each volume that is used, bytes or inodes. From 90 % on (unless set otherwise) it takes no chunks; reads and deletes go on.',
          unit: 'percentunit',
          max: 1,
          bad: { from: 0.9, warnFrom: 0.85 },
          queries: { '{{instance}}': 'max by (instance) (aetherstore_datanode_fill_ratio)' },
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
