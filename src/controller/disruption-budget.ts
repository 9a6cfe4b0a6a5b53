import type { DisruptionBudget, LabelExpression, StatefulSet } from './cluster-api.js';

export type BudgetFault =
  | { kind: 'missing' }
  /** With two over the same pods Kubernetes refuses every eviction. */
  | { kind: 'several'; names: string[] };

/** What is wrong with the budgets over the pods of a StatefulSet; null: there is one, or none and a single pod. */
export function budgetFault(budgets: readonly DisruptionBudget[], { spec }: StatefulSet): BudgetFault | null {
  const podLabels = spec.selector.matchLabels ?? {};
  const names = budgets.filter((budget) => covers(budget, podLabels)).map(({ metadata }) => metadata.name);
  if (names.length > 1) return { kind: 'several', names };
  // a single node cannot be spared, and a budget that always refuses would block every drain
  return names.length === 0 && (spec.replicas ?? 1) > 1 ? { kind: 'missing' } : null;
}

function covers({ spec: { selector } }: DisruptionBudget, podLabels: Readonly<Record<string, string>>): boolean {
  if (selector === undefined) return false; // covers none, an empty one all (policy/v1)
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([label, value]) => podLabels[label] === value) &&
    matchExpressions.every((one) => holds(one, podLabels))
  );
}

function holds({ key, operator, values = [] }: LabelExpression, labels: Readonly<Record<string, string>>): boolean {
  const value = labels[key];
  if (operator === 'Exists' || operator === 'DoesNotExist') return (value !== undefined) === (operator === 'Exists');
  const isAmong = value !== undefined && values.includes(value);
  return isAmong === (operator === 'In');
}
