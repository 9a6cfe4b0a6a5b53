import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import { Refusal } from '../model/refusal.js';
import type { RequestOf } from '../wire/verbs.js';
import { ApiError } from './api-error.js';
import { ClaimHistory } from './claim-history.js';
import type { ClusterApi } from './cluster-api.js';
import type { ClusterView } from './cluster-view.js';
import type { About } from './events.js';
import type { MasterPort } from './master-port.js';
import type { ControllerMetrics } from './metrics.js';
import { nodeDecisions, standingsOf, type NodeDecision, type NodeStanding } from './node-decisions.js';
import { copiesCount } from '../model/node-state.js';
import { isBack, sightingsOf, type DatanodeNames, type Evidence, type KnownNode, type Sighting } from './sights.js';
import type { Teller } from './teller.js';
import { hostsOf } from './zones.js';

/** A loss that is not confirmed by then is none for now. */
const confirmMsMax = 2000;
/** Between two looks while nothing may be done; what changes that wakes the loop, but for the passing of time. */
const hinderedMs = 1000;
const retry = { firstDelayMs: 250, maxDelayMs: 5000 };

export interface ReportNodesOptions {
  names: DatanodeNames;
  /** Of this process, for the master's log. */
  holder: string;
  /** The longest between two reports. */
  reportMs: number;
  /** Without a cluster secret the master cannot be asked. */
  hasSecret: () => boolean;
  /** The master obeys a term of this epoch, above ours. */
  onOutbid: (epoch: number) => void;
}

export interface ReportNodesParts {
  api: Pick<ClusterApi, 'get'>;
  view: ClusterView;
  master: Pick<MasterPort, 'report' | 'electionEpoch'>;
  teller: Teller;
  metrics: ControllerMetrics;
  clock: Clock;
  random: Random;
  log: Log;
}

type Report = RequestOf<'reportCluster'>;

/**
 * Tells the master what Kubernetes shows of its nodes: all of it, each time something changed and every `reportMs`. What
 * the master made of it comes back in the answer; each difference to the answer before is a decision that is told.
 */
export class ReportNodes {
  readonly #options: ReportNodesOptions;
  readonly #parts: ReportNodesParts;
  readonly #backoff: Backoff;
  #history = new ClaimHistory();
  #known: KnownNode[] = [];
  /** Of the last answer; null before the first of this term. */
  #standings: Map<string, NodeStanding> | null = null;
  /** Losses that were looked at, by what was seen: asked once for as long as it is seen. */
  #confirmed = new Set<string>();
  #sent = { content: '', atMs: -Infinity };
  #takenMs: number;
  #trouble: string | null = null;

  constructor(options: ReportNodesOptions, parts: ReportNodesParts) {
    this.#options = options;
    this.#parts = parts;
    this.#backoff = new Backoff(retry, parts.random);
    this.#takenMs = parts.clock.monotonicMs();
  }

  /** Since the master last took a report, or else since the start. */
  reportAgeMs(): number {
    return this.#parts.clock.monotonicMs() - this.#takenMs;
  }

  /** A unit of a task loop. */
  async work(signal: AbortSignal): Promise<number> {
    const { view, clock } = this.#parts;
    if (this.#isHindered()) return hinderedMs;
    const sightings = await this.#confirm(sightingsOf(this.#picture(), this.#options.names), signal);
    const report: Report = {
      electionEpoch: view.epoch,
      holder: this.#options.holder,
      hosts: hostsOf(view.caches.pods.all(), view.caches.nodes?.all() ?? null),
      nodes: sightings.map(({ address, sight, note }) => ({ address, sight, reason: note })),
    };
    const content = JSON.stringify(report);
    const sinceMs = clock.monotonicMs() - this.#sent.atMs;
    if (content === this.#sent.content && sinceMs < this.#options.reportMs) return this.#options.reportMs - sinceMs;
    // confirming took time
    if (this.#isHindered()) return hinderedMs;
    return this.#send(report, content, sightings, signal);
  }

  #isHindered(): boolean {
    const { view, metrics, log } = this.#parts;
    const hindrance = view.hindrance() ?? (this.#options.hasSecret() ? null : 'no-secret');
    if (hindrance === 'not-leader') this.#forget();
    if (hindrance === 'blind' || hindrance === 'paused') metrics.countReconcile('report', hindrance);
    if (hindrance !== this.#trouble && hindrance !== null) log.info({ hindrance }, 'nothing is reported to the master');
    if (hindrance !== null) this.#trouble = hindrance;
    return hindrance !== null;
  }

  /** What an earlier term knew is too old to compare with. */
  #forget(): void {
    this.#standings = null;
    this.#known = [];
    this.#history = new ClaimHistory();
    this.#confirmed.clear();
    this.#sent = { content: '', atMs: -Infinity };
  }

  async #send(report: Report, content: string, sightings: Sighting[], signal: AbortSignal): Promise<number> {
    const { master, metrics, clock, log } = this.#parts;
    try {
      const { nodes } = await master.report(report, signal);
      this.#known = nodes;
    } catch (error) {
      if (signal.aborted) throw error;
      const refusal = error instanceof Refusal ? error.code : null;
      metrics.countReconcile('report', refusal === null ? 'failed' : 'refused');
      const trouble = refusal ?? 'master-away';
      if (trouble !== this.#trouble) log.warn({ err: error, refusal }, 'the master took no report, trying for ever');
      this.#trouble = trouble;
      this.#sent = { content: '', atMs: -Infinity };
      if (refusal === 'observer-stale') await this.#giveWay(signal);
      return this.#backoff.nextDelayMs();
    }
    const isFirst = this.#standings === null;
    this.#backoff.reset();
    this.#takenMs = clock.monotonicMs();
    this.#sent = { content, atMs: this.#takenMs };
    if (this.#trouble !== null) log.info({ epoch: report.electionEpoch }, 'the master takes reports');
    this.#trouble = null;
    metrics.countReconcile('report', 'done');
    this.#tellOf(standingsOf(this.#known, sightings));
    // which claims hold a node, and so what is lost with them, is known only from an answer
    return isFirst ? 0 : this.#options.reportMs;
  }

  async #giveWay(signal: AbortSignal): Promise<void> {
    const { master, log } = this.#parts;
    try {
      this.#options.onOutbid(await master.electionEpoch(signal));
    } catch (error) {
      if (signal.aborted) throw error;
      log.warn({ err: error }, 'the master did not say which term it obeys, will be asked again');
    }
  }

  // ---- looking

  #picture() {
    const { view, clock } = this.#parts;
    const { pods, claims, nodes } = view.caches;
    const allPods = pods.all();
    const podOf = (address: string) => allPods.find(({ metadata }) => address.startsWith(`http://${metadata.name}.`)) ?? null;
    const replacedClaims = this.#history.observe(claims.all(), {
      nodesOf: (claimName) => this.#known.filter(({ address }) => claimName.endsWith(`-${/^http:\/\/([^.]+)/.exec(address)?.[1]}`)),
      isSettled: (node) => !copiesCount(node.state) || isBack(node, podOf(node.address)),
    });
    return {
      statefulSet: view.statefulSet,
      pods: allPods,
      claims: claims.all(),
      nodes: nodes?.all() ?? null,
      known: this.#known,
      replacedClaims,
      wallMs: clock.wallMs(),
    };
  }

  /** A loss starts copying at once, so it is never said from a cache alone. */
  async #confirm(sightings: Sighting[], signal: AbortSignal): Promise<Sighting[]> {
    const confirmed = new Set<string>();
    const judged: Sighting[] = [];
    for (const sighting of sightings) {
      const { evidence, podName, note } = sighting;
      const key = `${podName}: ${note}`;
      const isSure = evidence === null || this.#confirmed.has(key) || (await this.#holds(evidence, signal));
      if (isSure && evidence !== null) confirmed.add(key);
      judged.push(isSure ? sighting : { ...sighting, sight: 'absent', note: `${note}, which the API server does not confirm` });
    }
    this.#confirmed = confirmed;
    return judged;
  }

  async #holds(evidence: Evidence, signal: AbortSignal): Promise<boolean> {
    const { api, log } = this.#parts;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(confirmMsMax)]);
    try {
      return evidence.resource === 'nodes'
        ? evidence.holds(await found(api.get('nodes', evidence.name, limited)))
        : evidence.holds(await found(api.get('persistentvolumeclaims', evidence.name, limited)));
    } catch (error) {
      if (signal.aborted) throw error;
      log.warn({ err: error, resource: evidence.resource, name: evidence.name }, 'a loss could not be confirmed');
      return false;
    }
  }

  // ---- telling

  #tellOf(standings: Map<string, NodeStanding>): void {
    if (this.#standings !== null) for (const decision of nodeDecisions(this.#standings, standings)) this.#tell(decision);
    this.#standings = standings;
  }

  #tell({ reason, type, message, facts, podName, isDeath }: NodeDecision): void {
    const { caches, namespace } = this.#parts.view;
    const pod = podName === null ? null : caches.pods.get(podName);
    const about: About[] = [];
    if (pod !== null) about.push({ apiVersion: 'v1', kind: 'Pod', namespace, name: pod.metadata.name, uid: pod.metadata.uid });
    if (isDeath || pod === null) about.push(...this.#parts.view.aboutSet());
    this.#parts.teller.tell({ about, type, reason, message, facts });
  }
}

/** Null: there is none. */
async function found<T>(object: Promise<T>): Promise<T | null> {
  try {
    return await object;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
