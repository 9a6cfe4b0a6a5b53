import type { Row } from './panel.js';

/** What Node tells of every process. */
export const processes: Row = {
  title: 'Processes',
  panels: [
    {
      title: 'CPU',
      description: 'Cores that each process uses.',
      unit: 'short',
      queries: { '{{role}} {{instance}}': 'sum by (role, instance) (rate(process_cpu_seconds_total{role=~".+"}[$__rate_interval]))' },
    },
    {
      title: 'Memory',
      description: 'Resident memory of each process. Buffers of bodies count, so it follows the traffic; it should not grow without it.',
      unit: 'bytes',
      queries: { '{{role}} {{instance}}': 'sum by (role, instance) (process_resident_memory_bytes{role=~".+"})' },
    },
    {
      title: 'Heap',
      description: 'JavaScript heap in use.',
      unit: 'bytes',
      queries: { '{{role}} {{instance}}': 'sum by (role, instance) (nodejs_heap_size_used_bytes{role=~".+"})' },
    },
    {
      title: 'Event loop, p99',
      description: 'How late the event loop gets to its work. Above 100 ms every request of the process waits for it.',
      unit: 's',
      bad: { from: 0.1 },
      queries: { '{{role}} {{instance}}': 'max by (role, instance) (nodejs_eventloop_lag_p99_seconds{role=~".+"})' },
    },
    {
      title: 'Garbage collection',
      description: 'Part of the time that collecting takes; above a tenth memory is short.',
      unit: 'percentunit',
      bad: { from: 0.1 },
      queries: { '{{role}} {{instance}}': 'sum by (role, instance) (rate(nodejs_gc_duration_seconds_sum{role=~".+"}[$__rate_interval]))' },
    },
    {
      title: 'Open files',
      description: 'Part of the file descriptors that the process may have. At 1 it can neither accept connections nor open files.',
      unit: 'percentunit',
      max: 1,
      bad: { from: 0.8 },
      queries: {
        '{{role}} {{instance}}': 'max by (role, instance) (process_open_fds{role=~".+"} / process_max_fds)',
      },
    },
  ],
};
