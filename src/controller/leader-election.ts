import type { Clock, Timer } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import { ApiError } from './api-error.js';
import type { ClusterApi, Draft, Lease } from './cluster-api.js';
import { Listeners } from './listeners.js';
import { microTime } from './micro-time.js';

const times = {
  /** A record that has not changed for so long is nobody's. */
  leaseMs: 15_000,
  /** A leader whose last renewal began longer ago does not lead: well before others may take over. */
  renewDeadlineMs: 10_000,
  /** Between two looks, or two renewals; up to a fifth longer. */
  retryMs: 1_500,
  /** For one look or renewal, so that a second one fits before the deadline. */
  stepMs: 4_000,
};

/**
 * A new Lease begins to count at the seconds since this moment, instead of at 0: were it deleted and made again, its
 * epochs would else be lower than those that the master has obeyed. Terms are longer than a second, and 31 bits last to 2093.
 */
const epochsSinceMs = Date.UTC(2025, 0, 1);

export interface LeaderElectionOptions {
  leaseName: string;
  /** Which no other process has while this one lives: the name of its pod. */
  identity: string;
}

export interface LeaderElectionParts {
  api: Pick<ClusterApi, 'get' | 'create' | 'replace'>;
  clock: Clock;
  random: Random;
  log: Log;
}

interface Term {
  epoch: number;
  /** As the server last confirmed it; null after a conflict, when it must be looked at. */
  lease: Lease | null;
  untilMs: number;
}

/**
 * At most one of several processes leads: the one whose name stands in a Lease that it keeps renewing.
 *
 * No clock is compared with another. Who does not lead waits until it has not seen the record change for the lease's
 * duration, by its own monotonic clock; who leads stops by its own, counted from before the last good renewal was sent. With
 * 10 of 15 seconds, the clocks may run at rates that differ by a third. What cannot be excluded, a process that was
 * frozen between looking at `isLeader` and acting, is what the epoch is for: it rises with each term, and the master
 * refuses a lower one.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #parts: LeaderElectionParts;
  readonly #listeners: Listeners<boolean>;
  readonly #abort = new AbortController();
  #done: Promise<void> | null = null;
  #term: Term | null = null;
  #expiry: Timer | null = null;
  /** The record as last seen, and when it was first seen so. */
  #seen: { record: string; sinceMs: number } | null = null;
  #highestEpoch = 0;

  constructor(options: LeaderElectionOptions, parts: LeaderElectionParts) {
    this.#options = options;
    this.#parts = parts;
    this.#listeners = new Listeners('of the election', parts.log);
  }

  /** Asked anew before each act, never remembered. */
  get isLeader(): boolean {
    return this.#term !== null && this.#parts.clock.monotonicMs() < this.#term.untilMs;
  }

  /** Of the own term: higher than that of any term before. 0 when not leading. */
  get epoch(): number {
    return this.isLeader ? (this.#term?.epoch ?? 0) : 0;
  }

  /** Called when a term begins or ends. */
  onChange(listener: (isLeader: boolean) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * The master obeys a term of this epoch, so a lower one of ours is mute: another was elected since, or the Lease went
   * back in time (etcd was restored, or a pod whose clock is behind made it anew). The next term is above it.
   */
  outbid(epoch: number): void {
    this.#highestEpoch = Math.max(this.#highestEpoch, epoch);
    if (this.#term !== null && this.#term.epoch < epoch) this.#endTerm('the master obeys a later term');
  }

  start(): void {
    this.#done ??= this.#run(this.#abort.signal);
  }

  /** Ends the term, then gives the lease back, so that another can lead at once. What the leader does must have ended before. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error('the election stops'));
    await this.#done;
    const term = this.isLeader ? this.#term : null;
    this.#endTerm('the process stops');
    if (term) await this.#within((signal) => this.#release(term, signal)).catch((error) => this.#failed(error));
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#parts;
    while (!signal.aborted) {
      try {
        await this.#within((step) => this.#step(step), signal);
      } catch (error) {
        if (this.#term) this.#term.lease = null;
        if (!signal.aborted) this.#failed(error);
      }
      await clock.sleep(times.retryMs * (1 + random.fraction() / 5), signal).catch(() => undefined);
    }
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { api, clock } = this.#parts;
    const startMs = clock.monotonicMs();
    if (!this.isLeader) this.#endTerm('its lease was not renewed in time');
    const lease = this.#term?.lease ?? (await this.#look(signal));
    if (this.#term && !(lease && this.#isOwn(lease, this.#term))) this.#endTerm('the lease is no longer its own');
    if (!lease) return this.#lead(await api.create('leases', this.#firstLease(), signal), startMs);
    if (this.#term) return this.#lead(await api.replace('leases', this.#renewed(lease), signal), startMs);
    if (this.#isFree(lease, startMs)) return this.#lead(await api.replace('leases', this.#taken(lease), signal), startMs);
  }

  async #look(signal: AbortSignal): Promise<Lease | null> {
    try {
      const lease = await this.#parts.api.get('leases', this.#options.leaseName, signal);
      const record = JSON.stringify(lease.spec);
      if (this.#seen?.record !== record) this.#seen = { record, sinceMs: this.#parts.clock.monotonicMs() };
      this.#highestEpoch = Math.max(this.#highestEpoch, epochOf(lease));
      return lease;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  #isOwn(lease: Lease, term: Term): boolean {
    return lease.spec?.holderIdentity === this.#options.identity && epochOf(lease) === term.epoch;
  }

  /** Whether a lease that is not ours may be taken. One in our name without a term of ours is of an earlier life. */
  #isFree(lease: Lease, nowMs: number): boolean {
    const holder = lease.spec?.holderIdentity;
    if (!holder || holder === this.#options.identity) return true;
    const leaseMs = Math.max(times.leaseMs, (lease.spec?.leaseDurationSeconds ?? 0) * 1000);
    return this.#seen !== null && nowMs - this.#seen.sinceMs >= leaseMs;
  }

  #firstLease(): Draft<Lease> {
    const seconds = Math.floor((this.#parts.clock.wallMs() - epochsSinceMs) / 1000);
    return { metadata: { name: this.#options.leaseName }, spec: this.#ownSpec(Math.max(seconds, this.#highestEpoch)) };
  }

  #taken(lease: Lease): Lease {
    return { ...lease, spec: { ...lease.spec, ...this.#ownSpec(Math.max(epochOf(lease), this.#highestEpoch)) } };
  }

  #ownSpec(leaseTransitions: number): NonNullable<Lease['spec']> {
    const now = microTime(this.#parts.clock.wallMs());
    const leaseDurationSeconds = times.leaseMs / 1000;
    return { holderIdentity: this.#options.identity, leaseDurationSeconds, acquireTime: now, renewTime: now, leaseTransitions };
  }

  #renewed(lease: Lease): Lease {
    return { ...lease, spec: { ...lease.spec, renewTime: microTime(this.#parts.clock.wallMs()) } };
  }

  async #release(term: Term, signal: AbortSignal): Promise<void> {
    const lease = term.lease ?? (await this.#look(signal));
    if (!lease || !this.#isOwn(lease, term)) return;
    const { holderIdentity: _, ...spec } = this.#renewed(lease).spec ?? {};
    await this.#parts.api.replace('leases', { ...lease, spec }, signal);
  }

  /** The server has confirmed the lease as ours. */
  #lead(lease: Lease, startMs: number): void {
    const { clock, log } = this.#parts;
    const begins = this.#term === null;
    this.#term = { epoch: epochOf(lease), lease, untilMs: startMs + times.renewDeadlineMs };
    this.#highestEpoch = Math.max(this.#highestEpoch, this.#term.epoch);
    this.#expiry?.cancel();
    this.#expiry = clock.setTimer(this.#term.untilMs - clock.monotonicMs(), () => this.#endTerm('its lease was not renewed in time'));
    if (!begins) return;
    log.info({ lease: this.#options.leaseName, epoch: this.#term.epoch }, 'this controller leads');
    this.#listeners.tell(true);
  }

  #endTerm(reason: string): void {
    if (!this.#term) return;
    this.#expiry?.cancel();
    this.#parts.log.warn({ lease: this.#options.leaseName, epoch: this.#term.epoch, reason }, 'this controller leads no more');
    this.#term = null;
    this.#listeners.tell(false);
  }

  /** Runs a step with a signal that a time limit and the outer signal abort. */
  async #within(step: (signal: AbortSignal) => Promise<void>, outer?: AbortSignal): Promise<void> {
    const abort = new AbortController();
    const onOuter = (): void => abort.abort(outer?.reason);
    const timer = this.#parts.clock.setTimer(times.stepMs, () =>
      abort.abort(new Error(`the lease did not answer within ${times.stepMs} ms`)),
    );
    outer?.addEventListener('abort', onOuter, { once: true });
    try {
      await step(abort.signal);
    } finally {
      timer.cancel();
      outer?.removeEventListener('abort', onOuter);
    }
  }

  /** A conflict says that another was faster, which the next look will show. */
  #failed(error: unknown): void {
    const { log } = this.#parts;
    if (error instanceof ApiError && error.status === 409) log.debug({ err: error }, 'the lease has changed meanwhile');
    else log.warn({ err: error, lease: this.#options.leaseName }, 'the lease could not be read or written, will be tried again');
  }
}

function epochOf(lease: Lease): number {
  return (lease.spec?.leaseTransitions ?? 0) + 1;
}
