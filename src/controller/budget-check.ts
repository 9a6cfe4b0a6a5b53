import type { Clock } from '../base/clock.js';
import type { ClusterApi } from './cluster-api.js';
import type { ClusterView } from './cluster-view.js';
import { budgetFault, type BudgetFault } from './disruption-budget.js';
import type { Decision, Teller } from './teller.js';
import { upkeepDelays } from './upkeep.js';

/** Budgets are changed by nobody as a rule. */
const budgetsMsMax = 300_000;

export interface BudgetCheckParts {
  api: Pick<ClusterApi, 'list'>;
  view: ClusterView;
  teller: Teller;
  clock: Clock;
}

/** Looks that exactly one disruption budget covers the datanodes, and says so where it does not: a step of the upkeep that writes nothing. */
export class BudgetCheck {
  readonly #parts: BudgetCheckParts;
  #looked = { at: '', atMs: -Infinity };

  constructor(parts: BudgetCheckParts) {
    this.#parts = parts;
  }

  async check(signal: AbortSignal): Promise<number> {
    const { api, clock, teller, view } = this.#parts;
    const { statefulSet } = view;
    if (statefulSet === null) return upkeepDelays.idleMs;
    const at = `${statefulSet.metadata.uid} ${statefulSet.metadata.generation}`;
    const leftMs = this.#looked.atMs + budgetsMsMax - clock.monotonicMs();
    if (this.#looked.at === at && leftMs > 0) return leftMs;
    const { items } = await api.list('poddisruptionbudgets', {}, signal);
    const fault = budgetFault(items, statefulSet);
    for (const kind of faultKinds) if (fault?.kind !== kind) teller.over(`budget ${kind}`);
    if (fault !== null) teller.tellOnce(`budget ${fault.kind}`, this.#decisionOn(fault));
    this.#looked = { at, atMs: clock.monotonicMs() };
    return budgetsMsMax;
  }

  #decisionOn(fault: BudgetFault): Decision {
    const { view } = this.#parts;
    const warning = { about: view.aboutSet(), type: 'Warning' } as const;
    if (fault.kind === 'missing') {
      const message = 'No PodDisruptionBudget covers the datanodes: a drain may stop all of them at once. helm upgrade brings it back.';
      return { ...warning, reason: 'BudgetMissing', message, facts: { statefulSet: view.setName } };
    }
    const names = fault.names.join(', ');
    const message = `PodDisruptionBudgets ${names} all cover the datanodes; with more than one Kubernetes refuses every eviction. Keep one.`;
    return { ...warning, reason: 'BudgetConflict', message, facts: { names } };
  }
}

const faultKinds = ['missing', 'several'] as const;
