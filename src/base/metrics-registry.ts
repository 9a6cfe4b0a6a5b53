import { Registry, collectDefaultMetrics } from 'prom-client';

/** A registry of one process (no global one is used), with what Node itself can tell: memory, CPU, event loop, collections. */
export function createMetricsRegistry(role: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ role });
  collectDefaultMetrics({ register: registry });
  return registry;
}
