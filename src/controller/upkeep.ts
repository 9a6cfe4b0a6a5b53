import { unreachable } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { ApiError } from './api-error.js';
import type { Claim, ClusterApi } from './cluster-api.js';
import type { ClusterView } from './cluster-view.js';
import { budgetStep } from './disruption-budget.js';
import type { About } from './events.js';
import type { ControllerMetrics } from './metrics.js';
import { secretAnnotation, type StoreSecret } from './secret.js';
import { successorAnnotation } from './successor-note.js';
import type { Decision, Teller } from './teller.js';
import { growthStep, type GrowthStep } from './volume-growth.js';

/** How old what was read of the Secret may be: a changed one is used after at most this time. */
const secretMsMax = 60_000;
/** The same for the budgets, which nobody changes as a rule. */
const budgetsMsMax = 300_000;
const idleMs = 60_000;
const soonMs = 1000;
/** After the cluster refused to grow a claim, before it is asked again. */
const refusedMs = 1_800_000;
/** Steps of one pass; each is a write. */
const growthStepsMax = 64;

export interface UpkeepOptions {
  namespace: string;
  budgetName: string;
  labels: Record<string, string>;
  /** Of each datanode, `20Gi`; null: sizes are left as they are. */
  volumeSize: string | null;
}

export interface UpkeepParts {
  api: Pick<ClusterApi, 'list' | 'create' | 'mergePatch' | 'deleteOrphaning'>;
  view: ClusterView;
  secret: StoreSecret;
  /** The Secret was read: what waited for it can go on. */
  onSecret: () => void;
  teller: Teller;
  metrics: ControllerMetrics;
  clock: Clock;
  log: Log;
}

/** What Kubernetes holds for the store, kept as it should be: the Secret, marked claims, one disruption budget, the size of the volumes. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #parts: UpkeepParts;
  #secretReadMs = -Infinity;
  #budgets = { of: '', atMs: -Infinity };
  /** Claim → until when it is not asked to grow. */
  readonly #refused = new Map<string, number>();
  /** What does not go away by itself is told of once. */
  readonly #told = new Set<string>();

  constructor(options: UpkeepOptions, parts: UpkeepParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** A unit of a task loop. One step that fails takes nothing from the others. */
  async work(signal: AbortSignal): Promise<number> {
    const { view, metrics, log } = this.#parts;
    const hindrance = view.hindrance();
    if (hindrance !== null) {
      if (hindrance !== 'not-leader') metrics.countReconcile('upkeep', hindrance);
      return soonMs;
    }
    let delayMs = idleMs;
    const steps = {
      secret: () => this.#keepSecret(signal),
      claims: () => this.#markClaims(signal),
      budget: () => this.#keepBudget(signal),
      growth: () => this.#growVolumes(signal),
    };
    for (const [step, run] of Object.entries(steps)) {
      if (view.hindrance() !== null) return soonMs;
      try {
        delayMs = Math.min(delayMs, await run());
        metrics.countReconcile(step, 'done');
      } catch (error) {
        if (signal.aborted) throw error;
        metrics.countReconcile(step, 'failed');
        log.warn({ step, err: error }, 'a step of the upkeep failed, will be tried again');
        delayMs = Math.min(delayMs, error instanceof ApiError ? Math.max(error.retryAfterMs ?? 0, 5 * soonMs) : 5 * soonMs);
      }
    }
    return delayMs;
  }

  // ---- the Secret

  async #keepSecret(signal: AbortSignal): Promise<number> {
    const { clock, secret, onSecret, view } = this.#parts;
    const { namespace } = this.#options;
    const leftMs = this.#secretReadMs + secretMsMax - clock.monotonicMs();
    if (leftMs > 0) return leftMs;
    const marks = view.caches.claims.all().flatMap(({ metadata }) => metadata.annotations?.[secretAnnotation] ?? []);
    const outcome = await secret.read(signal, marks.length > 0);
    const { name } = secret;
    const lost = `lost secret ${name}`;
    if (outcome === 'lost') {
      const opener = marks[0] ?? name;
      this.#tellOnce(lost, {
        about: [{ apiVersion: 'v1', kind: 'Secret', namespace, name }, ...this.#aboutSet()],
        level: 'error',
        type: 'Warning',
        reason: 'SecretLost',
        message:
          `The Secret ${name} is gone and none is made in its place: the data opens only with the Secret ${opener}, and pods ` +
          `that start wait for it. Restore it from a backup${opener === name ? '' : `, or set secrets.existingSecret=${opener}`}. ` +
          'Only if the data shall be given up: delete the claims of the master and the datanodes.',
        facts: { secret: name, opener, markedClaims: marks.length },
      });
      return soonMs;
    }
    if (outcome === 'absent') {
      this.#tellOnce(`no secret ${name}`, {
        about: this.#aboutSet(),
        type: 'Warning',
        reason: 'SecretMissing',
        message: `There is no Secret ${name}, and the chart's values say that it is made by somebody else. All pods wait for it.`,
        facts: { secret: name },
      });
      return soonMs;
    }
    this.#secretReadMs = clock.monotonicMs();
    this.#told.delete(lost);
    if (outcome === 'created') {
      this.#parts.teller.tell({
        about: [{ apiVersion: 'v1', kind: 'Secret', namespace, name }, ...this.#aboutSet()],
        type: 'Normal',
        reason: 'SecretCreated',
        message: `Made the Secret ${name}. An uninstall keeps it: the volumes are worth nothing without it.`,
        facts: { secret: name, old: 'absent', new: 'created', pods: view.caches.pods.all().length },
      });
    }
    onSecret();
    return secretMsMax;
  }

  /** From then on the claims say that there is a store, to a controller that never saw its Secret too. */
  async #markClaims(signal: AbortSignal): Promise<number> {
    const { api, secret, view } = this.#parts;
    if (secret.clusterSecrets.length === 0) return idleMs;
    for (const { metadata } of view.caches.claims.all()) {
      if (metadata.annotations?.[secretAnnotation] === secret.name) continue;
      const patch = { metadata: { annotations: { [secretAnnotation]: secret.name } } };
      this.#takeIn(await api.mergePatch('persistentvolumeclaims', metadata.name, patch, signal));
      if (view.hindrance() !== null) return soonMs;
    }
    return idleMs;
  }

  // ---- the disruption budget

  async #keepBudget(signal: AbortSignal): Promise<number> {
    const { api, clock, view, teller } = this.#parts;
    const { budgetName, labels, namespace } = this.#options;
    const { statefulSet } = view;
    if (statefulSet === null) return idleMs;
    const of = `${statefulSet.metadata.uid} ${statefulSet.metadata.generation}`;
    const leftMs = this.#budgets.atMs + budgetsMsMax - clock.monotonicMs();
    if (this.#budgets.of === of && leftMs > 0) return leftMs;
    const { items } = await api.list('poddisruptionbudgets', {}, signal);
    const step = budgetStep(items, statefulSet, { budgetName, labels });
    const about = [{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', namespace, name: budgetName }, ...this.#aboutSet()];
    if (step.kind === 'create') {
      await api.create('poddisruptionbudgets', step.budget, signal);
      const message = `Made the PodDisruptionBudget ${budgetName}: one datanode may be evicted at a time.`;
      teller.tell({ about, type: 'Normal', reason: 'BudgetCreated', message, facts: { old: 'absent', new: step.budget.spec } });
    } else if (step.kind === 'patch') {
      await api.mergePatch('poddisruptionbudgets', budgetName, step.patch, signal);
      const message = `Set the PodDisruptionBudget ${budgetName} right: one datanode may be evicted at a time.`;
      teller.tell({ about, type: 'Normal', reason: 'BudgetRestored', message, facts: { old: step.before, new: step.patch } });
    } else if (step.kind === 'conflict') {
      const others = step.others.join(', ');
      this.#tellOnce(`budgets ${others}`, {
        about: this.#aboutSet(),
        type: 'Warning',
        reason: 'BudgetConflict',
        message: `PodDisruptionBudget ${others} covers the datanodes too; with two of them Kubernetes refuses every eviction. Delete it, or make it the only one.`,
        facts: { others },
      });
    }
    this.#budgets = { of, atMs: clock.monotonicMs() };
    return budgetsMsMax;
  }

  // ---- the size of the volumes

  async #growVolumes(signal: AbortSignal): Promise<number> {
    const { secret, view } = this.#parts;
    for (let count = 0; count < growthStepsMax; count += 1) {
      const step = growthStep({
        wanted: this.#options.volumeSize,
        statefulSet: view.statefulSet,
        claims: view.caches.claims.all(),
        namespace: this.#options.namespace,
        setName: view.setName,
        secrets: secret.clusterSecrets,
        refused: this.#refusedNow(),
      });
      const delayMs = await this.#growOnce(step, signal);
      if (delayMs > 0) return delayMs;
      if (view.hindrance() !== null) return soonMs;
    }
    return soonMs;
  }

  /** Answers how long to wait before the next step; 0: at once. */
  async #growOnce(step: GrowthStep, signal: AbortSignal): Promise<number> {
    const { api, view, teller } = this.#parts;
    const { caches, setName } = view;
    const about = this.#aboutSet();
    const say = (type: Decision['type'], reason: string, message: string, facts: object): void =>
      teller.tell({ about: this.#aboutSet(), type, reason, message, facts: { ...facts } });
    const write = async (claimName: string, note: string | null): Promise<void> => {
      const patch = { metadata: { annotations: { [successorAnnotation]: note } } };
      this.#takeIn(await api.mergePatch('persistentvolumeclaims', claimName, patch, signal));
    };
    switch (step.kind) {
      case 'none':
        return idleMs;
      case 'grow':
        return this.#growClaim(step, signal);
      case 'too-large':
        this.#tellOnce(`too large ${step.claimName} ${step.wanted}`, {
          about: [this.#aboutClaim(step.claimName), ...about],
          type: 'Warning',
          reason: 'VolumeShrinkRefused',
          message: `Claim ${step.claimName} has ${step.has} and ${step.wanted} is wanted: volumes do not shrink. Set the size back to ${step.has}.`,
          facts: { ...step },
        });
        return idleMs;
      case 'unreadable':
        this.#tellOnce(`unreadable ${step.quantity}`, {
          about,
          type: 'Warning',
          reason: 'VolumeSizeUnreadable',
          message: `${JSON.stringify(step.quantity)} is no size of a volume; write it like 20Gi.`,
          facts: { ...step },
        });
        return idleMs;
      case 'note-successor':
        await write(step.claimName, step.note);
        say(
          'Normal',
          'StatefulSetRecreating',
          `All claims have grown; StatefulSet ${setName} is made anew with the new size for pods to come. Its pods run on. If it is missing afterwards, run helm upgrade.`,
          { old: step.from, new: this.#options.volumeSize },
        );
        return 0;
      case 'delete-orphaning': {
        const { uid, resourceVersion } = step.statefulSet.metadata;
        try {
          await api.deleteOrphaning('statefulsets', setName, { uid, resourceVersion }, signal);
        } catch (error) {
          // it has changed, or is gone already: the watch will tell
          if (!(error instanceof ApiError && (error.status === 404 || error.status === 409))) throw error;
        }
        return soonMs;
      }
      case 'create-successor':
        caches.statefulSets.apply({ type: 'ADDED', object: await api.create('statefulsets', step.successor, signal) });
        say('Normal', 'StatefulSetRecreated', `StatefulSet ${setName} is back, with larger volumes for pods to come.`, {
          old: 'absent',
          new: this.#options.volumeSize,
        });
        return 0;
      case 'forget-successor':
        await write(step.claimName, null);
        return 0;
      default:
        return unreachable(step);
    }
  }

  async #growClaim({ claimName, from, to }: GrowthStep & { kind: 'grow' }, signal: AbortSignal): Promise<number> {
    const { api, teller, clock } = this.#parts;
    const about = [this.#aboutClaim(claimName), ...this.#aboutSet()];
    const facts = { claimName, old: from, new: to };
    try {
      const patch = { spec: { resources: { requests: { storage: to } } } };
      this.#takeIn(await api.mergePatch('persistentvolumeclaims', claimName, patch, signal));
    } catch (error) {
      // 403: the storage class does not allow it, or a quota is used up; 422: the volume cannot
      if (!(error instanceof ApiError && (error.status === 403 || error.status === 422))) throw error;
      this.#refused.set(claimName, clock.monotonicMs() + refusedMs);
      const message =
        `Claim ${claimName} cannot grow from ${from} to ${to}: ${error.message}. Its storage class must have ` +
        'allowVolumeExpansion: true (kubectl get storageclass). Otherwise move the data: delete this claim and its pod, ' +
        'wait until aether status shows nothing under-replicated, then the next one.';
      teller.tell({ about, type: 'Warning', reason: 'VolumeGrowthRefused', message, facts });
      return 0;
    }
    teller.tell({ about, type: 'Normal', reason: 'VolumeGrown', message: `Claim ${claimName} grows from ${from} to ${to}.`, facts });
    return 0;
  }

  /** The next step is decided on what was just written, not on what the watch brings later. */
  #takeIn(object: Claim): void {
    this.#parts.view.caches.claims.apply({ type: 'MODIFIED', object });
  }

  #refusedNow(): Set<string> {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const [claimName, untilMs] of this.#refused) if (untilMs <= nowMs) this.#refused.delete(claimName);
    return new Set(this.#refused.keys());
  }

  // ---- telling

  #aboutSet(): About[] {
    const { statefulSet } = this.#parts.view;
    if (statefulSet === null) return [];
    const { name, uid } = statefulSet.metadata;
    return [{ apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: this.#options.namespace, name, uid }];
  }

  #aboutClaim(name: string): About {
    const uid = this.#parts.view.caches.claims.get(name)?.metadata.uid;
    return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: this.#options.namespace, name, ...(uid && { uid }) };
  }

  #tellOnce(what: string, decision: Decision): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#parts.teller.tell(decision);
  }
}
