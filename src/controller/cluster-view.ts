import type { ClusterCaches } from './cluster-caches.js';
import type { Claim, StatefulSet } from './cluster-api.js';
import type { About } from './events.js';
import type { LeaderElection } from './leader-election.js';

const pauseAnnotation = 'aetherstore.io/reconcile';

/** Why nothing may be done now; null: the way is free. */
export type Hindrance = 'not-leader' | 'blind' | 'paused';

/** What the controller stands on: its caches, and whether it may act on them. */
export class ClusterView {
  readonly caches: ClusterCaches;
  readonly namespace: string;
  readonly setName: string;
  readonly #election: LeaderElection;

  constructor(options: { namespace: string; setName: string; caches: ClusterCaches; election: LeaderElection }) {
    this.caches = options.caches;
    this.namespace = options.namespace;
    this.setName = options.setName;
    this.#election = options.election;
  }

  /** Of the datanodes; null: there is none now. */
  get statefulSet(): StatefulSet | null {
    return this.caches.statefulSets.get(this.setName);
  }

  /** A person has said: hands off. */
  get isPaused(): boolean {
    return this.statefulSet?.metadata.annotations?.[pauseAnnotation] === 'disabled';
  }

  get epoch(): number {
    return this.#election.epoch;
  }

  /** Asked before each act, and again after each wait. */
  hindrance(): Hindrance | null {
    if (!this.#election.isLeader) return 'not-leader';
    if (this.caches.blind) return 'blind';
    return this.isPaused ? 'paused' : null;
  }

  /** A claim as it was just written: the next step is decided on it, not on what the watch brings later. */
  takeIn(claim: Claim): void {
    this.caches.claims.apply({ type: 'MODIFIED', object: claim });
  }

  /** For Events about the store as a whole; nothing while there is no StatefulSet. */
  aboutSet(): About[] {
    if (this.statefulSet === null) return [];
    const { name, uid } = this.statefulSet.metadata;
    return [{ apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: this.namespace, name, uid }];
  }

  aboutClaim(name: string): About {
    const uid = this.caches.claims.get(name)?.metadata.uid;
    return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: this.namespace, name, ...(uid && { uid }) };
  }
}
