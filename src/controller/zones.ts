import type { RequestOf } from '../wire/verbs.js';
import type { KubeNode, Pod } from './cluster-api.js';

type Hosts = RequestOf<'reportCluster'>['hosts'];

/** Newest first; the second is what clouds wrote before Kubernetes 1.17. */
const zoneLabels = ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone'];

/**
 * The zones of the machines on which pods of this release run, by the names that datanodes give as their host. Where
 * machines may not be seen (null) nothing is said: each node has the zone that its own settings name.
 */
export function hostsOf(pods: readonly Pod[], nodes: readonly KubeNode[] | null): Hosts {
  const used = new Set(pods.map(({ spec }) => spec?.nodeName));
  return (nodes ?? [])
    .filter(({ metadata }) => used.has(metadata.name))
    .map(({ metadata }) => ({ host: metadata.name, zone: zoneOf(metadata.labels ?? {}) }))
    .sort((a, b) => (a.host < b.host ? -1 : 1));
}

function zoneOf(labels: Readonly<Record<string, string>>): string | null {
  for (const label of zoneLabels) if (labels[label]) return labels[label];
  return null;
}
