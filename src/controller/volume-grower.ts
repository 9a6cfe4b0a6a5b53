import { unreachable } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import { ApiError } from './api-error.js';
import type { ClusterApi } from './cluster-api.js';
import type { ClusterView } from './cluster-view.js';
import type { StoreSecret } from './secret.js';
import { successorAnnotation } from './successor-note.js';
import type { Decision, Teller } from './teller.js';
import { upkeepDelays } from './upkeep.js';
import { growthStep, type GrowthStep } from './volume-growth.js';

/** After the cluster refused to grow a claim, before it is asked again. */
const refusedMs = 1_800_000;
/** Of one pass; each is a write. */
const stepsMax = 64;
const { idleMs, soonMs } = upkeepDelays;

export interface VolumeGrowerParts {
  api: Pick<ClusterApi, 'create' | 'mergePatch' | 'deleteOrphaning'>;
  view: ClusterView;
  /** Signs the note of a StatefulSet that is made anew. */
  secret: StoreSecret;
  teller: Teller;
  clock: Clock;
}

/** Carries out the steps toward volumes of the wanted size: a step of the upkeep. */
export class VolumeGrower {
  /** Of each datanode, `20Gi`; null: sizes are left as they are. */
  readonly #volumeSize: string | null;
  readonly #parts: VolumeGrowerParts;
  /** Claim → until when it is not asked to grow. */
  readonly #refused = new Map<string, number>();

  constructor(options: { volumeSize: string | null }, parts: VolumeGrowerParts) {
    this.#volumeSize = options.volumeSize;
    this.#parts = parts;
  }

  async grow(signal: AbortSignal): Promise<number> {
    const { secret, view } = this.#parts;
    for (let count = 0; count < stepsMax; count += 1) {
      const step = growthStep({
        wanted: this.#volumeSize,
        statefulSet: view.statefulSet,
        claims: view.caches.claims.all(),
        namespace: view.namespace,
        setName: view.setName,
        secrets: secret.clusterSecrets,
        refused: this.#refusedNow(),
      });
      const delayMs = await this.#take(step, signal);
      if (delayMs > 0) return delayMs;
      if (view.hindrance() !== null) return soonMs;
    }
    return soonMs;
  }

  /** Answers how long to wait before the next step; 0: at once. */
  async #take(step: GrowthStep, signal: AbortSignal): Promise<number> {
    const { api, view, teller } = this.#parts;
    const { caches, setName } = view;
    const about = view.aboutSet();
    const say = (type: Decision['type'], reason: string, message: string, facts: object): void =>
      teller.tell({ about: view.aboutSet(), type, reason, message, facts: { ...facts } });
    switch (step.kind) {
      case 'none':
        return idleMs;
      case 'grow':
        return this.#growClaim(step, signal);
      case 'too-large':
        teller.tellOnce(`too large ${step.claimName} ${step.wanted}`, {
          about: [view.aboutClaim(step.claimName), ...about],
          type: 'Warning',
          reason: 'VolumeShrinkRefused',
          message: `Claim ${step.claimName} has ${step.has} and ${step.wanted} is wanted: volumes do not shrink. Set the size back to ${step.has}.`,
          facts: { ...step },
        });
        return idleMs;
      case 'unreadable':
        teller.tellOnce(`unreadable ${step.quantity}`, {
          about,
          type: 'Warning',
          reason: 'VolumeSizeUnreadable',
          message: `${JSON.stringify(step.quantity)} is no size of a volume; write it like 20Gi.`,
          facts: { ...step },
        });
        return idleMs;
      case 'note-successor':
        await this.#writeNote(step.claimName, step.note, signal);
        say(
          'Normal',
          'StatefulSetRecreating',
          `All claims have grown; StatefulSet ${setName} is made anew with the new size for pods to come. Its pods run on. If it is missing afterwards, run helm upgrade.`,
          { old: step.from, new: this.#volumeSize },
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
          new: this.#volumeSize,
        });
        return 0;
      case 'forget-successor':
        await this.#writeNote(step.claimName, null, signal);
        return 0;
      default:
        return unreachable(step);
    }
  }

  async #writeNote(claimName: string, note: string | null, signal: AbortSignal): Promise<void> {
    const patch = { metadata: { annotations: { [successorAnnotation]: note } } };
    this.#parts.view.takeIn(await this.#parts.api.mergePatch('persistentvolumeclaims', claimName, patch, signal));
  }

  async #growClaim({ claimName, from, to }: GrowthStep & { kind: 'grow' }, signal: AbortSignal): Promise<number> {
    const { api, clock, teller, view } = this.#parts;
    const about = [view.aboutClaim(claimName), ...view.aboutSet()];
    const facts = { claimName, old: from, new: to };
    try {
      const patch = { spec: { resources: { requests: { storage: to } } } };
      view.takeIn(await api.mergePatch('persistentvolumeclaims', claimName, patch, signal));
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

  #refusedNow(): Set<string> {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const [claimName, untilMs] of this.#refused) if (untilMs <= nowMs) this.#refused.delete(claimName);
    return new Set(this.#refused.keys());
  }
}
