import type { Clock } from '../base/clock.js';
import type { ClusterApi } from './cluster-api.js';
import type { ClusterView } from './cluster-view.js';
import type { About } from './events.js';
import { secretAnnotation, type StoreSecret } from './secret.js';
import type { Teller } from './teller.js';
import { upkeepDelays } from './upkeep.js';

/** How old what was read of the Secret may be: a changed one is used after at most this time. */
const secretMsMax = 60_000;
const { idleMs, soonMs } = upkeepDelays;

export interface SecretKeeperParts {
  api: Pick<ClusterApi, 'mergePatch'>;
  view: ClusterView;
  secret: StoreSecret;
  /** The Secret was read: what waited for it can go on. */
  onSecret: () => void;
  teller: Teller;
  clock: Clock;
}

/** That the store has its Secret, and that the claims say which one: two steps of the upkeep. */
export class SecretKeeper {
  readonly #parts: SecretKeeperParts;
  #readMs = -Infinity;
  #isLost = false;

  constructor(parts: SecretKeeperParts) {
    this.#parts = parts;
  }

  /** There was a Secret, as far as this process has seen, and there is none. */
  get isLost(): boolean {
    return this.#isLost;
  }

  async keep(signal: AbortSignal): Promise<number> {
    const { clock, secret, onSecret, teller, view } = this.#parts;
    const leftMs = this.#readMs + secretMsMax - clock.monotonicMs();
    if (leftMs > 0) return leftMs;
    const marks = view.caches.claims.all().flatMap(({ metadata }) => metadata.annotations?.[secretAnnotation] ?? []);
    const outcome = await secret.read(signal, marks.length > 0);
    const { name } = secret;
    this.#isLost = outcome === 'lost';
    if (outcome === 'lost') {
      this.#tellLost(marks);
      return soonMs;
    }
    if (outcome === 'absent') {
      teller.tellOnce(`no secret ${name}`, {
        about: view.aboutSet(),
        type: 'Warning',
        reason: 'SecretMissing',
        message: `There is no Secret ${name}, and the chart's values say that it is made by somebody else. All pods wait for it.`,
        facts: { secret: name },
      });
      return soonMs;
    }
    this.#readMs = clock.monotonicMs();
    teller.over(lossOf(name));
    if (outcome === 'created') {
      teller.tell({
        about: this.#about(),
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
  async mark(signal: AbortSignal): Promise<number> {
    const { api, secret, view } = this.#parts;
    if (secret.clusterSecrets.length === 0) return idleMs;
    for (const { metadata } of view.caches.claims.all()) {
      if (metadata.annotations?.[secretAnnotation] === secret.name) continue;
      const patch = { metadata: { annotations: { [secretAnnotation]: secret.name } } };
      view.takeIn(await api.mergePatch('persistentvolumeclaims', metadata.name, patch, signal));
      if (view.hindrance() !== null) return soonMs;
    }
    return idleMs;
  }

  #tellLost(marks: readonly string[]): void {
    const { name } = this.#parts.secret;
    const opener = marks[0] ?? name;
    this.#parts.teller.tellOnce(lossOf(name), {
      about: this.#about(),
      level: 'error',
      type: 'Warning',
      reason: 'SecretLost',
      message:
        `The Secret ${name} is gone and none is made in its place: the data opens only with the Secret ${opener}, and pods ` +
        `that start wait for it. Restore it from a backup${opener === name ? '' : `, or set secrets.existingSecret=${opener}`}. ` +
        'Only if the data shall be given up: delete the claims of the master and the datanodes.',
      facts: { secret: name, opener, markedClaims: marks.length },
    });
  }

  #about(): About[] {
    const { secret, view } = this.#parts;
    return [{ apiVersion: 'v1', kind: 'Secret', namespace: view.namespace, name: secret.name }, ...view.aboutSet()];
  }
}

function lossOf(name: string): string {
  return `lost secret ${name}`;
}
