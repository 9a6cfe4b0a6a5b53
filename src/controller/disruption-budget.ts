import { isDeepStrictEqual } from 'node:util';
import type { DisruptionBudget, Draft, StatefulSet } from './cluster-api.js';

/** One budget over the datanodes, so that a drain stops one of them at a time. */
export type BudgetStep =
  | { kind: 'none' }
  | { kind: 'create'; budget: Draft<DisruptionBudget> }
  | { kind: 'patch'; patch: object; before: string }
  /** Another budget covers the same pods: with two, Kubernetes refuses every eviction. */
  | { kind: 'conflict'; others: string[] };

/**
 * Of what the namespace has, what must change. Pure.
 *
 * `IfHealthyBudget`: a single unready node can still be evicted, since the others fill the budget, so a crash-looping
 * pod blocks no drain. `AlwaysAllow` would let a drain take several unready nodes at once, and after an outage of the
 * master, or while they replay their logs, that is all of them.
 */
export function budgetStep(
  budgets: readonly DisruptionBudget[],
  statefulSet: StatefulSet,
  names: { budgetName: string; labels: Record<string, string> },
): BudgetStep {
  const podLabels = statefulSet.spec.selector.matchLabels ?? {};
  const others = budgets.filter(({ metadata, spec }) => metadata.name !== names.budgetName && covers(spec, podLabels));
  if (others.length > 0) return { kind: 'conflict', others: others.map(({ metadata }) => metadata.name) };

  const { name, uid } = statefulSet.metadata;
  const spec = { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'IfHealthyBudget' as const, selector: { matchLabels: podLabels } };
  // with its owner it goes, so an uninstall leaves nothing behind
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name, uid }];
  const own = budgets.find(({ metadata }) => metadata.name === names.budgetName);
  if (own === undefined) {
    // a single node cannot be spared, and a budget that always refuses would block every drain
    if ((statefulSet.spec.replicas ?? 1) < 2) return { kind: 'none' };
    return { kind: 'create', budget: { metadata: { name: names.budgetName, labels: names.labels, ownerReferences }, spec } };
  }
  if (own.metadata.labels?.['app.kubernetes.io/managed-by'] !== names.labels['app.kubernetes.io/managed-by']) return { kind: 'none' };
  const isOwned = own.metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
  if (isOwned && sameSpec(own.spec, spec)) return { kind: 'none' };
  return {
    kind: 'patch',
    patch: { metadata: { ownerReferences }, spec: { ...spec, minAvailable: null } },
    before: JSON.stringify(own.spec),
  };
}

function covers({ selector }: DisruptionBudget['spec'], podLabels: Readonly<Record<string, string>>): boolean {
  const wanted = Object.entries(selector?.matchLabels ?? {});
  return wanted.length > 0 && wanted.every(([label, value]) => podLabels[label] === value);
}

function sameSpec(a: DisruptionBudget['spec'], b: DisruptionBudget['spec']): boolean {
  return (
    a.maxUnavailable === b.maxUnavailable &&
    a.minAvailable === b.minAvailable &&
    a.unhealthyPodEvictionPolicy === b.unhealthyPodEvictionPolicy &&
    isDeepStrictEqual(a.selector?.matchLabels ?? {}, b.selector?.matchLabels ?? {})
  );
}
