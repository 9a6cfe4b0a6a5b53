import { Registry, collectDefaultMetrics } from 'prom-client';

/** Gauges that are named like counters; each has a twin by type. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** How often the lag of the event loop is sampled; the default of 10 ms would wake an idle process a hundred times a second. */
const loopSampleMs = 50;

/** A registry of one process (no global one is used), with what Node itself can tell: memory, CPU, event loop, collections. */
export function createMetricsRegistry(role: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ role });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: loopSampleMs });
  for (const name of misnamed) registry.removeSingleMetric(name);
  return registry;
}
