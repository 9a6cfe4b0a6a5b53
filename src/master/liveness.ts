import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { Semaphore } from '../base/semaphore.js';
import type { MetadataStore } from '../metadata/store.js';
import { isAlive, stateWhenChecked, stateWhenHeard, stateWhenSilent, whyNotForgotten, type NodeDelays } from '../model/node-state.js';
import { nodesMax } from '../model/limits.js';
import type { NodeState } from '../model/node.js';
import { Refusal } from '../model/refusal.js';
import type { RequestOf, ResponseOf } from '../wire/verbs.js';
import { seenWords, type ClusterSights, type Seen } from './cluster-sights.js';
import { LogProofs } from './log-proof.js';
import { knownNode, type KnownNode, type NodeRegistry } from './node-registry.js';

type Heartbeat = RequestOf<'heartbeat'>;

/** Changes of one node that may wait for each other. */
const nodeQueueMax = 64;

export interface LivenessOptions extends NodeDelays {
  clusterId: string;
  reign: { epoch: number; id: string };
  /** For so long after its start a master judges no node. */
  startGraceMs: number;
  /** Between two looks at the silence; a look that comes this much too late means that this process stood still. */
  judgeEveryMs: number;
  /** Between two committed marks of a node's log. */
  markEveryMs: number;
}

export interface LivenessParts {
  store: Pick<MetadataStore, 'write'>;
  registry: NodeRegistry;
  proofs: LogProofs;
  sights: Pick<ClusterSights, 'of' | 'zoneOf'>;
  clock: Clock;
  log: Log;
  /** A datanode obeys a reign of this epoch, which is not ours. */
  outbid: (epoch: number) => void;
}

/** Who is there: takes heartbeats, measures silence, commits each change of a node's state before it is visible. */
export class Liveness {
  readonly #options: LivenessOptions;
  readonly #parts: LivenessParts;
  readonly #startedAtMs: number;
  readonly #locks = new Map<string, Semaphore>();
  #judgedAtMs: number;
  /** All nodes, since the start: before, states are those that an earlier master has committed. */
  #hasJudged = false;

  constructor(options: LivenessOptions, parts: LivenessParts) {
    this.#options = options;
    this.#parts = parts;
    this.#startedAtMs = parts.clock.monotonicMs();
    this.#judgedAtMs = this.#startedAtMs;
  }

  /** A heartbeat whose sender has proven the cluster secret. The first one registers the node. */
  async hear(beat: Heartbeat): Promise<ResponseOf<'heartbeat'>> {
    this.#refuseForeign(beat);
    return this.#alone(beat.nodeId, async () => {
      const { store, registry, proofs, clock } = this.#parts;
      const before = registry.get(beat.nodeId);
      this.#refuseStaleBoot(beat, before);

      // 1. Who and where it is, durable before anybody is told.
      const zone = this.#zoneOf(beat, before);
      const nodeNumber = await this.#recordIdentity({ ...beat, zone }, before);
      const cleared = before?.cleared ?? false;
      const judged = proofs.judge(beat, before?.state === 'manual' ? null : (before?.boot ?? null));
      // A person who clears a quarantine accepts the volume as it is.
      const proof = cleared ? 'proven' : judged.proof;
      const seen = this.#seen(beat.address);
      const sight = seen?.sight ?? null;
      const state = stateWhenHeard(before?.state ?? 'live', { condition: beat.condition, proof, cleared, sight });

      // 2. How far its log has come, as long as it can be trusted.
      const nowMs = clock.monotonicMs();
      if (proof === 'proven' && state !== 'quarantined' && (cleared || proofs.isMarkDue(beat.nodeId, nowMs))) {
        const mark = { sequence: beat.logSequence, digest: beat.logDigest };
        await store.write('recordLogMark', { nodeId: beat.nodeId, boot: beat.boot, ...mark });
        proofs.marked(beat.nodeId, mark, nowMs);
      }

      // 3. Its state.
      const node: KnownNode = {
        nodeId: beat.nodeId,
        nodeNumber,
        boot: beat.boot,
        address: beat.address,
        host: beat.host,
        zone,
        state: before?.state ?? 'live',
        cleared,
        condition: beat.condition,
        capacityBytes: beat.capacityBytes,
        freeBytes: beat.freeBytes,
        usedBytes: beat.usedBytes,
        chunkCount: beat.chunkCount,
        heardAtMs: nowMs,
      };
      if (judged.proof === 'refuted' && !cleared && before?.state !== 'quarantined')
        this.#alert(beat.nodeId, 'the volume went back in time: it lacks log records that it had; it is quarantined');
      await this.#enter(
        node,
        state,
        proof === 'refuted' ? 'its volume went back in time' : `heard, its volume is ${beat.condition}${words(seen)}`,
      );
      return {
        clusterId: this.#options.clusterId,
        reign: this.#options.reign,
        viewNumber: registry.view().number,
        sweepGeneration: registry.view().sweepGeneration,
        state,
        proveSequence: cleared ? null : judged.proveSequence,
      };
    });
  }

  /** A person names a node. It is shown, and takes part only once its own heartbeats have proven its volume. */
  async note(nodeId: string, address: string): Promise<void> {
    await this.#alone(nodeId, async () => {
      const { store, registry, clock } = this.#parts;
      const before = registry.get(nodeId);
      if (before !== null && before.state !== 'manual' && before.address === address) return; // says what is proven
      if (before === null && registry.all().length >= nodesMax) throw new Refusal('slow-down', `There are ${nodesMax} nodes already.`);
      const row = await store.write('registerManualNode', { nodeId, address, nowMs: clock.wallMs() });
      registry.put(knownNode(row, clock.monotonicMs()));
    });
  }

  /** The disk of this boot failed: its copies no longer count. */
  async faultDisk(nodeId: string, boot: number, reason: string): Promise<void> {
    await this.#alone(nodeId, async () => {
      const node = this.#known(nodeId);
      if (boot < node.boot) throw new Refusal('boot-stale');
      this.#alert(nodeId, `the disk failed: ${reason}; the node is quarantined`);
      await this.#enter({ ...node, cleared: false }, 'quarantined', `disk fault: ${reason}`);
    });
  }

  /**
   * A person trusts the disk again: the node leaves the quarantine when its own volume says that it is open. Not
   * committed: when this master ends before that, the person says it again.
   */
  async clear(nodeId: string): Promise<void> {
    await this.#alone(nodeId, async () => {
      const node = this.#known(nodeId);
      if (node.state !== 'quarantined') throw new Refusal('node-not-quarantined');
      this.#parts.registry.put({ ...node, cleared: true });
    });
  }

  /** The node, of which a person says that it is lost for good; refuses with what to do instead when it may serve. */
  requireLost(nodeId: string): KnownNode {
    const node = this.#known(nodeId);
    const why = whyNotForgotten(node.state, this.#parts.clock.monotonicMs() - node.heardAtMs, this.#options);
    if (why !== null) throw new Refusal('node-present', why);
    // Whether the others are there matters as much, and until they were judged their states are those of before
    if (node.state !== 'manual' && (!this.#hasJudged || this.#isLookOverdue())) {
      throw new Refusal(
        'slow-down',
        'This master has just started or stood still, and has not judged its nodes since: ask again in a minute.',
      );
    }
    return node;
  }

  /** It is gone, as it stood at that time, with no copy left on record. Should its volume be heard again, it is refused. */
  async forget(nodeId: string, stateSinceMs: number): Promise<void> {
    await this.#alone(nodeId, async () => {
      const { store, registry, clock, log } = this.#parts;
      const { address, state } = this.requireLost(nodeId);
      await store.write('forgetNode', { nodeId, stateSinceMs, nowMs: clock.wallMs() });
      registry.remove(nodeId);
      log.warn({ nodeId, address, state }, 'a node is forgotten: a person says that it is lost for good');
    });
  }

  /** Every copy that metadata names on the node has been looked at. */
  async admit(nodeId: string, boot: number): Promise<void> {
    await this.#alone(nodeId, async () => {
      const node = this.#known(nodeId);
      if (node.boot === boot) await this.#enter(node, stateWhenChecked(node.state, node.condition), 'its copies are checked');
    });
  }

  /** One look at everybody's silence; to be called every `judgeEveryMs`. */
  async judgeSilence(): Promise<void> {
    const { registry, clock } = this.#parts;
    const { judgeEveryMs } = this.#options;
    const nowMs = clock.monotonicMs();
    const lateMs = nowMs - this.#judgedAtMs - judgeEveryMs;
    this.#judgedAtMs = nowMs;
    if (lateMs >= judgeEveryMs) {
      // This process stood still: heartbeats may wait in its sockets. Nobody is judged for that time.
      this.#parts.log.warn({ lateMs: Math.round(lateMs) }, 'this master stalled and judges no node by that time');
      for (const node of registry.all()) registry.put({ ...node, heardAtMs: Math.min(nowMs, node.heardAtMs + lateMs) });
      return;
    }
    await this.#judgeAll(nowMs);
  }

  /** The controller has reported: what it saw counts now, unless a look at the silence is overdue and must first forgive a stall. */
  async judgeSights(): Promise<void> {
    if (!this.#isLookOverdue()) await this.#judgeAll(this.#parts.clock.monotonicMs());
  }

  #isLookOverdue(): boolean {
    return this.#parts.clock.monotonicMs() - this.#judgedAtMs >= 2 * this.#options.judgeEveryMs;
  }

  async #judgeAll(nowMs: number): Promise<void> {
    const { registry } = this.#parts;
    if (this.#inGrace(nowMs)) return;
    for (const { nodeId } of registry.all()) {
      await this.#alone(nodeId, async () => {
        const node = registry.get(nodeId);
        if (node === null) return; // forgotten meanwhile
        const seen = this.#seen(node.address);
        const silence = { silentMs: Math.max(0, nowMs - node.heardAtMs), condition: node.condition, sight: seen?.sight ?? null };
        const state = stateWhenSilent(node.state, silence, this.#options);
        if (state !== node.state) await this.#enter(node, state, `silent for ${Math.round(silence.silentMs / 1000)} s${words(seen)}`);
      });
    }
    this.#hasJudged = true;
  }

  #inGrace(nowMs: number): boolean {
    return nowMs - this.#startedAtMs < this.#options.startGraceMs;
  }

  /** What the controller sees at the address, once sights may be held against a node. */
  #seen(address: string): Seen | null {
    return this.#inGrace(this.#parts.clock.monotonicMs()) ? null : this.#parts.sights.of(address);
  }

  /** Its own word, else the controller's for its machine, else what was known of it there. */
  #zoneOf(beat: Heartbeat, before: KnownNode | null): string {
    if (beat.zone !== '') return beat.zone;
    return this.#parts.sights.zoneOf(beat.host) ?? (before?.host === beat.host ? before.zone : '');
  }

  /** Commits the state if it is new, then shows the node. */
  async #enter(node: KnownNode, state: NodeState, reason: string): Promise<void> {
    const { store, registry, clock, log } = this.#parts;
    const cleared = state === 'quarantined' && node.cleared;
    const before = registry.get(node.nodeId);
    if (before?.state !== state) {
      const { nodeId, boot } = node;
      if (before !== null || state !== 'live') await store.write('setNodeState', { nodeId, state, reason, boot, nowMs: clock.wallMs() });
      const level = isAlive(state) ? 'info' : 'warn';
      log[level]({ nodeId, address: node.address, from: before?.state ?? null, to: state, reason }, 'a node changes its state');
    }
    registry.put({ ...node, state, cleared });
  }

  async #recordIdentity(beat: Heartbeat, before: KnownNode | null): Promise<number> {
    const { registry, store, clock } = this.#parts;
    const { nodeId, boot, address, host, zone, condition, capacityBytes, freeBytes } = beat;
    const same =
      before?.boot === boot && before.address === address && before.host === host && before.zone === zone && before.condition === condition;
    if (same) return before.nodeNumber;
    if (before === null && registry.all().length >= nodesMax) throw new Refusal('slow-down', `There are ${nodesMax} nodes already.`);
    const facts = { nodeId, boot, address, host, zone, condition, capacityBytes, freeBytes };
    const { nodeNumber } = await store.write('upsertNode', { ...facts, nowMs: clock.wallMs() });
    return nodeNumber;
  }

  #refuseForeign(beat: Heartbeat): void {
    const { clusterId, reign } = this.#options;
    if (beat.clusterId !== null && beat.clusterId !== clusterId) {
      this.#alert(beat.nodeId, `the volume at ${beat.address} belongs to the cluster ${beat.clusterId}; it is refused`);
      throw new Refusal('cluster-foreign');
    }
    if (beat.reign === null || beat.reign.epoch < reign.epoch || beat.reign.id === reign.id) return;
    this.#parts.outbid(beat.reign.epoch);
    throw new Refusal('reign-stale');
  }

  #refuseStaleBoot(beat: Heartbeat, before: KnownNode | null): void {
    if (before === null || before.state === 'manual') return;
    if (beat.boot < before.boot) {
      this.#alert(beat.nodeId, `a process at ${beat.address} serves boot ${beat.boot} of a volume whose boot ${before.boot} is known`);
      throw new Refusal('boot-stale');
    }
    // Each start of a volume has its own boot, so this one runs elsewhere too. The wire refuses both while both are there.
    if (beat.boot > before.boot || (beat.address === before.address && beat.host === before.host)) return;
    this.#alert(beat.nodeId, `the same boot of the volume is served at ${before.address} and at ${beat.address}: it was cloned`);
    throw new Refusal('boot-stale');
  }

  #alert(nodeId: string, message: string): void {
    this.#parts.log.error({ alert: true, nodeId }, message);
  }

  #known(nodeId: string): KnownNode {
    const node = this.#parts.registry.get(nodeId);
    if (!node) throw new Refusal('node-unknown');
    return node;
  }

  /** Changes of one node happen one after the other. */
  async #alone<T>(nodeId: string, change: () => Promise<T>): Promise<T> {
    let lock = this.#locks.get(nodeId);
    if (!lock) this.#locks.set(nodeId, (lock = new Semaphore(1, nodeQueueMax)));
    const release = await lock.acquire();
    try {
      return await change();
    } finally {
      release();
    }
  }
}

function words(seen: Seen | null): string {
  return seen === null ? '' : `, seen as ${seenWords(seen)}`;
}
