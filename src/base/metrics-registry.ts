import { Registry, collectDefaultMetrics } from 'prom-client';

/** Gauges that are named like counters; each has a twin by type. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** A registry of one process (no global one is used), with what Node itself can tell: memory, CPU, event loop, collections. */
export function createMetricsRegistry(role: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ role });
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  return registry;
}
