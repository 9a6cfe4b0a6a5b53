import type { Dashboard } from './panel.js';
import { processes } from './processes.js';

export const overview: Dashboard = {
  name: 'overview',
  title: 'Overview',
  description: 'Whether the data is safe, whether clients are served, and how the master and the controller do.',
  rows: [
    {
      title: 'At a glance',
      panels: [
        {
          title: 'Chunks without a copy',
          description: 'Objects that contain them cannot be read until a node that holds them is back. Must be 0.',
          unit: 'short',
          look: 'number',
          width: 4,
          bad: { from: 1 },
          queries: { missing: 'sum(aetherstore_master_missing_chunks)' },
        },
        {
          title: 'Chunks with one copy',
          description: 'One more lost disk may lose them. Must be 0 where more than one copy is kept.',
          unit: 'short',
          look: 'number',
          width: 4,
          bad: { from: 1 },
          queries: {
            'one copy':
              'sum(aetherstore_master_at_risk_chunks and (aetherstore_master_short_chunks > aetherstore_master_missing_chunks)) or vector(0)',
          },
        },
        {
          title: 'Chunks short of copies',
          description: 'They have fewer copies than the replication factor; repair makes them anew. Should fall to 0 by itself.',
          unit: 'short',
          look: 'number',
          width: 4,
          bad: { from: 1_000_000, warnFrom: 1 },
          queries: { short: 'sum(aetherstore_master_short_chunks)' },
        },
        {
          title: 'Nodes in trouble',
          description: 'Nodes that are suspect, down, being repaired or quarantined.',
          unit: 'short',
          look: 'number',
          width: 4,
          bad: { from: 2, warnFrom: 1 },
          queries: { nodes: 'sum(aetherstore_master_nodes{state=~"suspect|down|repairing|quarantined"})' },
        },
        {
          title: 'Space used',
          description: 'Of the volumes of all datanodes. A volume takes no chunks from 90 % on.',
          unit: 'percentunit',
          look: 'number',
          width: 4,
          max: 1,
          bad: { from: 0.9, warnFrom: 0.75 },
          queries: { used: 'sum(aetherstore_datanode_used_bytes) / sum(aetherstore_datanode_capacity_bytes)' },
        },
        {
          title: 'Failed requests',
          description: 'Part of the S3 requests that were answered with a 5xx status. The alerts count on at most 0.1 %.',
          unit: 'percentunit',
          look: 'number',
          width: 4,
          bad: { from: 0.01, warnFrom: 0.001 },
          queries: {
            failed:
              '(sum(rate(aetherstore_gateway_requests_total{status=~"5.."}[$__rate_interval])) or vector(0)) / sum(rate(aetherstore_gateway_requests_total[$__rate_interval]))',
          },
        },
      ],
    },
    {
      title: 'Store',
      panels: [
        {
          title: 'Nodes by state',
          description: 'How the master judges its datanodes. Writes need as many live nodes as the write quorum.',
          unit: 'short',
          look: 'stacked',
          queries: { '{{state}}': 'sum by (state) (aetherstore_master_nodes) > 0' },
        },
        {
          title: 'Space',
          description: 'All copies together on all volumes, beside what the volumes can hold.',
          unit: 'bytes',
          queries: { used: 'sum(aetherstore_datanode_used_bytes)', capacity: 'sum(aetherstore_datanode_capacity_bytes)' },
        },
        {
          title: 'What clients keep',
          description: 'Bytes of the objects in buckets, each object counted once, whatever the number of copies.',
          unit: 'bytes',
          queries: { objects: 'sum(aetherstore_master_object_bytes)', chunks: 'sum(aetherstore_master_chunk_bytes)' },
        },
        {
          title: 'Objects',
          description: 'Objects in buckets, objects made through REST, and multipart uploads in progress.',
          unit: 'short',
          queries: {
            objects: 'sum(aetherstore_master_objects)',
            'through REST': 'sum(aetherstore_master_rest_objects)',
            uploads: 'sum(aetherstore_master_uploads)',
          },
        },
        {
          title: 'S3 requests',
          description: 'Requests a second, by the class of the answer.',
          unit: 'reqps',
          look: 'stacked',
          queries: {
            '2xx and 3xx': 'sum(rate(aetherstore_gateway_requests_total{status=~"[23].."}[$__rate_interval]))',
            '4xx': 'sum(rate(aetherstore_gateway_requests_total{status=~"4.."}[$__rate_interval]))',
            '5xx': 'sum(rate(aetherstore_gateway_requests_total{status=~"5.."}[$__rate_interval]))',
          },
        },
        {
          title: 'S3 duration',
          description: 'From the head of a request to the end of its answer, all operations together: large bodies take their time.',
          unit: 's',
          queries: {
            p50: 'histogram_quantile(0.5, sum by (le) (rate(aetherstore_gateway_request_duration_seconds_bucket[$__rate_interval])))',
            p99: 'histogram_quantile(0.99, sum by (le) (rate(aetherstore_gateway_request_duration_seconds_bucket[$__rate_interval])))',
          },
        },
      ],
    },
    {
      title: 'Master',
      panels: [
        {
          title: 'REST requests',
          description: 'Requests a second to the REST API of the master; status 0: the connection broke before there was an answer.',
          unit: 'reqps',
          queries: { '{{method}} {{status}}': 'sum by (method, status) (rate(aetherstore_master_requests_total[$__rate_interval]))' },
        },
        {
          title: 'Connections',
          description: 'Proven connections of gateways, datanodes and controllers to the master.',
          unit: 'short',
          queries: { connections: 'sum(aetherstore_master_wire_connections)' },
        },
        {
          title: 'Deletes to work off',
          description:
            'Released bodies whose chunks are not marked yet, and copies that nodes have yet to delete. Space comes back once both are 0.',
          unit: 'short',
          queries: { bodies: 'sum(aetherstore_master_garbage_backlog)', copies: 'sum(aetherstore_master_doomed_copies)' },
        },
        {
          title: 'Commit duration',
          description: 'Groups of metadata transactions with the sync that makes them durable: what every write waits for.',
          unit: 's',
          queries: {
            p50: 'histogram_quantile(0.5, sum by (le) (rate(aetherstore_master_metadata_commit_duration_seconds_bucket[$__rate_interval])))',
            p99: 'histogram_quantile(0.99, sum by (le) (rate(aetherstore_master_metadata_commit_duration_seconds_bucket[$__rate_interval])))',
          },
        },
        {
          title: 'Transactions',
          description: 'Metadata transactions a second, and the groups in which they are committed: one sync for each group.',
          unit: 'ops',
          queries: {
            transactions: 'sum(rate(aetherstore_master_metadata_transactions_total[$__rate_interval]))',
            groups: 'sum(rate(aetherstore_master_metadata_commit_duration_seconds_count[$__rate_interval]))',
          },
        },
        {
          title: 'Metadata on disk',
          description: 'The SQLite file and its write-ahead log. A log that only grows is not checkpointed: somebody reads without end.',
          unit: 'bytes',
          queries: { file: 'sum(aetherstore_master_metadata_bytes)', log: 'sum(aetherstore_master_metadata_log_bytes)' },
        },
        {
          title: 'Metadata volume',
          description:
            'Used part of the volume that holds the metadata. With less than 128 MiB free (a tenth of a small volume) every write is refused, which shows as 1.',
          unit: 'percentunit',
          max: 1,
          bad: { from: 0.9, warnFrom: 0.8 },
          queries: {
            used: 'max(1 - aetherstore_master_metadata_has_room * aetherstore_master_metadata_volume_free_bytes / aetherstore_master_metadata_volume_capacity_bytes)',
          },
        },
      ],
    },
    {
      title: 'Controller',
      panels: [
        {
          title: 'Leaders',
          description:
            'Controllers that act; must be 1. Those that are blind know too little of Kubernetes to act, those that are paused are so by annotation.',
          unit: 'short',
          queries: {
            leaders: 'sum(aetherstore_controller_is_leader)',
            blind: 'sum(aetherstore_controller_is_blind)',
            paused: 'sum(aetherstore_controller_is_paused)',
          },
        },
        {
          title: 'Watch age',
          description:
            'Since the API server last said anything of a resource. It speaks once a minute; above 75 s the controller is blind.',
          unit: 's',
          bad: { from: 75 },
          queries: { '{{resource}}': 'max by (resource) (aetherstore_controller_watch_age_seconds)' },
        },
        {
          title: 'Lists and failures',
          description: 'Whole lists fetched (one in ten minutes is normal) and lists or watches that failed, a second.',
          unit: 'ops',
          queries: {
            'lists of {{resource}}': 'sum by (resource) (rate(aetherstore_controller_lists_total[$__rate_interval]))',
            'failures of {{resource}}': 'sum by (resource) (rate(aetherstore_controller_watch_failures_total[$__rate_interval]))',
          },
        },
        {
          title: 'Passes',
          description: 'Passes of each step of the controller a second, by how they ended. Failed ones are tried again.',
          unit: 'ops',
          queries: { '{{step}} {{result}}': 'sum by (step, result) (rate(aetherstore_controller_reconciles_total[$__rate_interval]))' },
        },
        {
          title: 'Decisions',
          description: 'What it decided, by reason; each has an Event and a log line. None when all is as it should be.',
          unit: 'short',
          queries: { '{{reason}}': 'sum by (reason) (increase(aetherstore_controller_decisions_total[$__rate_interval]))' },
        },
        {
          title: 'Report age',
          description: 'Since the master last took a report of the leader. Above 15 s the master goes by heartbeats alone.',
          unit: 's',
          bad: { from: 15 },
          queries: {
            '{{instance}}': 'min by (instance) (aetherstore_controller_report_age_seconds and aetherstore_controller_is_leader == 1)',
          },
        },
      ],
    },
    processes,
  ],
};
