import type { ClusterCaches } from './cluster-caches.js';
import type { StatefulSet } from './cluster-api.js';
import type { LeaderElection } from './leader-election.js';

const pauseAnnotation = 'aetherstore.io/reconcile';

/** Why nothing may be done now; null: the way is free. */
export type Hindrance = 'not-leader' | 'blind' | 'paused';

/** What the controller stands on: its caches, and whether it may act on them. */
export class ClusterView {
  readonly caches: ClusterCaches;
  readonly setName: string;
  readonly #election: LeaderElection;

  constructor(options: { setName: string; caches: ClusterCaches; election: LeaderElection }) {
    this.caches = options.caches;
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
}
