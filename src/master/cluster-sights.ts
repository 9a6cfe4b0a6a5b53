import type { Clock } from '../base/clock.js';
import type { MetadataStore } from '../metadata/store.js';
import { nodeSights, type NodeSight } from '../model/node-sight.js';
import { Refusal } from '../model/refusal.js';
import type { RequestOf } from '../wire/verbs.js';

type Report = RequestOf<'reportCluster'>;

export interface Seen {
  sight: NodeSight;
  /** In the controller's words. */
  reason: string;
}

export interface ClusterSightsParts {
  store: Pick<MetadataStore, 'write'>;
  clock: Clock;
  /** The highest election epoch that this store has accepted. */
  electionEpoch: number;
  /** A report older than this is no signal: its controller is blind or gone. */
  ageMsMax: number;
}

/** What the controller said last of the datanodes' pods and machines. */
export class ClusterSights {
  readonly #parts: ClusterSightsParts;
  #electionEpoch: number;
  #byAddress = new Map<string, Seen>();
  #zones = new Map<string, string>();
  #reportedAtMs = -Infinity;

  constructor(parts: ClusterSightsParts) {
    this.#parts = parts;
    this.#electionEpoch = parts.electionEpoch;
  }

  /** The highest that was ever accepted. */
  get electionEpoch(): number {
    return this.#electionEpoch;
  }

  /** Believes a controller, unless one of a later election was believed before, also by an earlier process on this store. */
  async accept({ electionEpoch, hosts, nodes }: Report): Promise<void> {
    if (electionEpoch > this.#electionEpoch) {
      await this.#parts.store.write('acceptElection', { electionEpoch });
      this.#electionEpoch = Math.max(this.#electionEpoch, electionEpoch);
    }
    if (electionEpoch < this.#electionEpoch)
      throw new Refusal('observer-stale', `Election epoch ${this.#electionEpoch} is known, this is ${electionEpoch}.`);
    this.#reportedAtMs = this.#parts.clock.monotonicMs();
    this.#zones = new Map(hosts.map(({ host, zone }) => [host, zone ?? '']));
    this.#byAddress = new Map();
    for (const { address, ...seen } of nodes) this.#byAddress.set(address, graver(this.#byAddress.get(address), seen));
  }

  /** Null: the controller does not know the address, or has not reported for too long. */
  of(address: string): Seen | null {
    if (this.#parts.clock.monotonicMs() - this.#reportedAtMs > this.#parts.ageMsMax) return null;
    return this.#byAddress.get(address) ?? null;
  }

  /** Machines do not move, so this is remembered however old it is; undefined: never told. */
  zoneOf(host: string): string | undefined {
    return this.#zones.get(host);
  }
}

function graver(a: Seen | undefined, b: Seen): Seen {
  return a && nodeSights.indexOf(a.sight) >= nodeSights.indexOf(b.sight) ? a : b;
}

/** For people: the sight, and its reason. */
export function seenWords({ sight, reason }: Seen): string {
  return reason === '' ? sight : `${sight} (${reason})`;
}
