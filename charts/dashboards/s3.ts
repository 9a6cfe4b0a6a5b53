import type { Dashboard } from './panel.js';

const operations = 'operation!="unknown"';

export const s3: Dashboard = {
  name: 's3',
  title: 'S3',
  description: 'What clients ask of the gateways, how often it fails and how long it takes.',
  rows: [
    {
      title: 'Requests',
      panels: [
        {
          title: 'By operation',
          description: 'Requests a second of each S3 operation.',
          unit: 'reqps',
          look: 'stacked',
          queries: {
            '{{operation}}': `sum by (operation) (rate(aetherstore_gateway_requests_total{${operations}}[$__rate_interval])) > 0`,
          },
        },
        {
          title: 'Server errors by operation',
          description:
            'Answers with a 5xx status a second. 503 says that the master is away or that the gateway has more to do than it may hold.',
          unit: 'reqps',
          queries: {
            '{{operation}} {{status}}':
              'sum by (operation, status) (rate(aetherstore_gateway_requests_total{status=~"5.."}[$__rate_interval]))',
          },
        },
        {
          title: 'Refusals by status',
          description: 'Answers with a 4xx status a second: what clients asked for in vain. 403 in numbers: a wrong key or a wrong clock.',
          unit: 'reqps',
          queries: { '{{status}}': 'sum by (status) (rate(aetherstore_gateway_requests_total{status=~"4.."}[$__rate_interval]))' },
        },
        {
          title: 'Error share by operation',
          description: 'Part of the requests of each operation that ended with a 5xx status.',
          unit: 'percentunit',
          bad: { from: 0.001 },
          queries: {
            '{{operation}}':
              'sum by (operation) (rate(aetherstore_gateway_requests_total{status=~"5.."}[$__rate_interval])) / sum by (operation) (rate(aetherstore_gateway_requests_total[$__rate_interval]))',
          },
        },
        {
          title: 'By gateway',
          description: 'Requests a second of each gateway: a gateway without its share is not in the Service.',
          unit: 'reqps',
          queries: { '{{instance}}': 'sum by (instance) (rate(aetherstore_gateway_requests_total[$__rate_interval]))' },
        },
        {
          title: 'Under way',
          description: 'Requests that are being served, and those that are held because the master is away.',
          unit: 'short',
          queries: { 'under way': 'sum(aetherstore_gateway_requests_in_flight)', held: 'sum(aetherstore_gateway_requests_held)' },
        },
      ],
    },
    {
      title: 'Duration',
      panels: [
        {
          title: 'p50 by operation',
          description: 'Half of the requests of an operation end within this time, from the head of the request to the end of the answer.',
          unit: 's',
          queries: {
            '{{operation}}': `histogram_quantile(0.5, sum by (operation, le) (rate(aetherstore_gateway_request_duration_seconds_bucket{${operations}}[$__rate_interval])))`,
          },
        },
        {
          title: 'p99 by operation',
          description: 'One request of a hundred takes longer. Bodies count: a slow client makes a long request.',
          unit: 's',
          queries: {
            '{{operation}}': `histogram_quantile(0.99, sum by (operation, le) (rate(aetherstore_gateway_request_duration_seconds_bucket{${operations}}[$__rate_interval])))`,
          },
        },
        {
          title: 'Time to first byte, p99',
          description: 'From the head of a request to the head of its answer; for writes the body lies between.',
          unit: 's',
          queries: {
            '{{operation}}': `histogram_quantile(0.99, sum by (operation, le) (rate(aetherstore_gateway_time_to_first_byte_seconds_bucket{${operations}}[$__rate_interval])))`,
          },
        },
        {
          title: 'Calls, p99',
          description: 'Calls of gateways to the master and to datanodes, by what they ask: where the time of requests goes.',
          unit: 's',
          queries: {
            '{{verb}}':
              'histogram_quantile(0.99, sum by (verb, le) (rate(aetherstore_gateway_call_duration_seconds_bucket[$__rate_interval])))',
          },
        },
        {
          title: 'Calls that failed',
          description: 'Calls a second without a whole answer, or with a refusal (an object that is not there is one).',
          unit: 'ops',
          queries: {
            '{{verb}}': 'sum by (verb) (rate(aetherstore_gateway_call_duration_seconds_count{outcome="failed"}[$__rate_interval]))',
          },
        },
        {
          title: 'Mean by operation',
          description: 'Mean time of the requests of an operation.',
          unit: 's',
          queries: {
            '{{operation}}': `sum by (operation) (rate(aetherstore_gateway_request_duration_seconds_sum{${operations}}[$__rate_interval])) / sum by (operation) (rate(aetherstore_gateway_request_duration_seconds_count{${operations}}[$__rate_interval]))`,
          },
        },
      ],
    },
    {
      title: 'Bytes',
      panels: [
        {
          title: 'Traffic',
          description: 'Bytes of bodies that clients sent and got, a second.',
          unit: 'Bps',
          queries: {
            received: 'sum(rate(aetherstore_gateway_received_bytes_total[$__rate_interval]))',
            sent: 'sum(rate(aetherstore_gateway_sent_bytes_total[$__rate_interval]))',
          },
        },
        {
          title: 'Memory for bodies',
          description: 'Reserved by each gateway for bodies under way. It is bounded: at the bound new requests wait.',
          unit: 'bytes',
          queries: { '{{instance}}': 'sum by (instance) (aetherstore_gateway_body_bytes_reserved)' },
        },
        {
          title: 'Connections',
          description: 'Open connections of clients, by gateway.',
          unit: 'short',
          queries: { '{{instance}}': 'sum by (instance) (aetherstore_gateway_connections)' },
        },
      ],
    },
    {
      title: 'Certificate and copies',
      panels: [
        {
          title: 'Copies that readers found bad',
          description: 'A reader went to the next copy and the bad one is made anew. Damaged ones tell of a disk that changes bytes.',
          unit: 'ops',
          bad: { from: 0.001 },
          queries: { '{{problem}}': 'sum by (problem) (rate(aetherstore_gateway_bad_replicas_total[$__rate_interval]))' },
        },
        {
          title: 'Late copies',
          description: 'Copies whose receipt came after the commit: the slowest node is slower than the write waits.',
          unit: 'ops',
          queries: { '{{instance}}': 'sum by (instance) (rate(aetherstore_gateway_late_replicas_total[$__rate_interval]))' },
        },
        {
          title: 'Certificate',
          description: 'Until the certificate of the S3 port expires, where it has one. A renewed file is taken without a restart.',
          unit: 's',
          bad: { from: 7 * 86_400, is: 'below' },
          queries: { '{{instance}}': 'min by (instance) (aetherstore_gateway_certificate_expiry_timestamp_seconds) - time()' },
        },
      ],
    },
  ],
};
