import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import { TaskLoop } from '../base/task-loop.js';
import type { Volume } from '../chunks/volume.js';
import type { NodeState, VolumeCondition } from '../model/node.js';
import { Refusal } from '../model/refusal.js';
import { Unreachable, type WireClient } from '../wire/api.js';
import type { RequestOf, ResponseOf } from '../wire/verbs.js';
import type { DatanodeMetrics } from './metrics.js';

/** An answer to a heartbeat that is later than this is none; a broken connection is noticed before. */
const answerMsMax = 3000;
/** How long an upload waits for the master to take its report, and a failing disk for its last word. */
const reportMsMax = 10_000;
const reportAgainMs = 100;
const lastWordMsMax = 2000;
/** States of a node whose copies the master has not looked at since it was away. */
const beingChecked: ReadonlySet<NodeState> = new Set(['down', 'repairing', 'returned']);

export interface MasterLinkOptions {
  heartbeatMs: number;
  /** Where and what this node is, as it registers. */
  self: { address: string; host: string; zone: string };
}

export interface MasterLinkParts {
  client: WireClient;
  volume: Volume;
  /** What the node says of its volume. */
  condition: () => VolumeCondition;
  metrics: DatanodeMetrics;
  clock: Clock;
  random: Random;
  log: Log;
}

/**
 * The tie to the master. Every heartbeat is also the registration, so a master that was started anew or lost its memory
 * of liveness needs nothing more. The node obeys only a master of its cluster, whose reign is at least the highest that
 * the volume has ever obeyed; each heartbeat names that reign, so that an outbid master learns of it.
 */
export class MasterLink {
  readonly #options: MasterLinkOptions;
  readonly #parts: MasterLinkParts;
  readonly #loop: TaskLoop;
  readonly #backoff: Backoff;
  #reign: { epoch: number; id: string } | null = null;
  #whenObeyed: (() => void)[] = [];
  #generation = 0;
  #proveSequence: number | null = null;
  #state: ResponseOf<'heartbeat'>['state'] | null = null;
  #away = false;
  #forgotten = false;
  #isAccepted = false;

  constructor(options: MasterLinkOptions, parts: MasterLinkParts) {
    this.#options = options;
    this.#parts = parts;
    // The longest pause is one heartbeat: a node that could be heard again is not silent for longer.
    this.#backoff = new Backoff({ firstDelayMs: Math.min(50, options.heartbeatMs), maxDelayMs: options.heartbeatMs }, parts.random);
    this.#loop = new TaskLoop({ name: 'heartbeat', work: (signal) => this.#beat(signal) }, { ...parts, backoff: this.#backoff });
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** The reign that this process obeys; null before the first heartbeat was answered, and while a master that answers is not obeyed. */
  get reign(): { epoch: number; id: string } | null {
    return this.#reign;
  }

  /** Whether a master knows this process and has looked at the copies of its volume. Stays true while the master is away. */
  get isAccepted(): boolean {
    return this.#isAccepted;
  }

  /** The sweep generation last heard. */
  generation(): number {
    return this.#generation;
  }

  /** Resolves when a master is obeyed; rejects with the signal's reason. */
  async obeyed(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#reign !== null) return;
    await new Promise<void>((resolve, reject) => {
      this.#whenObeyed.push(resolve);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  }

  /** One heartbeat out of turn. Rejects when it was not answered or the master is not obeyed. */
  async beatNow(signal?: AbortSignal): Promise<void> {
    const { client, volume } = this.#parts;
    const { head } = await client.call('heartbeat', this.#heartbeat(), {
      timeoutMs: answerMsMax,
      ...(signal && { signal }),
    });
    this.#reign = null;
    await obey(volume, head);
    this.#generation = head.sweepGeneration;
    this.#proveSequence = head.proveSequence;
    if (head.state !== this.#state)
      this.#parts.log.info({ state: head.state, before: this.#state, epoch: head.reign.epoch }, 'the master says how this node stands');
    this.#state = head.state;
    this.#isAccepted ||= !beingChecked.has(head.state);
    this.#reign = head.reign;
    const waiting = this.#whenObeyed;
    this.#whenObeyed = [];
    for (const resolve of waiting) resolve();
  }

  /** Tells of a chunk that came through REST; `master-away` when nobody took the report in time. */
  async reportChunk(chunk: { id: string; lengthBytes: number; crc32c: number; generation: number }): Promise<void> {
    const { client, volume, clock } = this.#parts;
    const endMs = clock.monotonicMs() + reportMsMax;
    const giveUp = new AbortController();
    const timer = clock.setTimer(reportMsMax, () => giveUp.abort(new Refusal('master-away')));
    try {
      await this.obeyed(giveUp.signal);
      for (;;) {
        const timeoutMs = Math.max(1, endMs - clock.monotonicMs());
        try {
          await client.call('reportChunk', { nodeId: volume.nodeId, boot: volume.boot, ...chunk }, { timeoutMs, signal: giveUp.signal });
          return;
        } catch (error) {
          if (!(error instanceof Unreachable)) throw error;
        }
        await clock.sleep(reportAgainMs, giveUp.signal);
      }
    } finally {
      timer.cancel();
    }
  }

  /** A copy of `nodeId` was read and is not what it should be. Best effort: the next reader finds it again. */
  reportReplica(id: string, nodeId: string, problem: 'missing' | 'damaged'): void {
    const { client, log } = this.#parts;
    log.warn({ id, nodeId, problem }, 'a copy is not what it should be');
    client.call('reportReplica', { id, nodeId, problem }, { timeoutMs: reportMsMax }).catch((error: unknown) => {
      log.warn({ id, err: error }, 'the master could not be told of it');
    });
  }

  /** The last word of a process whose disk failed. Never rejects, never takes long. */
  async reportDiskFault(reason: string): Promise<void> {
    const { client, volume, log } = this.#parts;
    const fault = { nodeId: volume.nodeId, boot: volume.boot, reason: reason.slice(0, 1000) };
    await client.call('diskFault', fault, { timeoutMs: lastWordMsMax }).catch((error: unknown) => {
      log.error({ err: error }, 'the master could not be told of the disk fault');
    });
  }

  /** A unit of the loop. Logs when the tie breaks and when it holds again, not every try. */
  async #beat(signal: AbortSignal): Promise<number> {
    const { metrics, log } = this.#parts;
    const asked = this.#proveSequence;
    try {
      await this.beatNow(signal);
    } catch (error) {
      if (signal.aborted) throw error;
      metrics.countHeartbeat('failed');
      if (error instanceof Refusal && error.code === 'node-forgotten') this.#beForgotten(error);
      else if (!this.#away) log.warn({ err: error }, 'no master to obey, trying for ever');
      this.#away = true;
      return this.#backoff.nextDelayMs();
    }
    metrics.countHeartbeat('answered');
    if (this.#away) log.info('the master answers again');
    this.#away = false;
    this.#backoff.reset();
    // A proof that was just asked for is given at once: the node counts again only after it.
    return this.#proveSequence !== null && this.#proveSequence !== asked ? 0 : this.#options.heartbeatMs;
  }

  /** Nothing leads back. It goes on asking, and touches nothing, so that a person can look at the volume. */
  #beForgotten(error: Refusal): void {
    if (!this.#forgotten)
      this.#parts.log.error({ alert: true, err: error }, 'this volume was forgotten as lost: give the node an empty one');
    this.#forgotten = true;
    this.#isAccepted = false;
  }

  #heartbeat(): RequestOf<'heartbeat'> {
    const { volume, condition } = this.#parts;
    const { capacityBytes, freeBytes, usedBytes, chunkCount, logSequence, logDigest } = volume.statistics;
    return {
      nodeId: volume.nodeId,
      boot: volume.boot,
      clusterId: volume.clusterId,
      reign: volume.reign,
      ...this.#options.self,
      condition: condition(),
      capacityBytes,
      freeBytes,
      usedBytes,
      chunkCount,
      logSequence,
      logDigest,
      provenDigest: this.#proveSequence === null ? null : volume.digestAt(this.#proveSequence),
    };
  }
}

/** Adoption and reign are durable on the volume before anything of this master is obeyed. */
async function obey(volume: Volume, head: ResponseOf<'heartbeat'>): Promise<void> {
  if (volume.clusterId === null) await volume.adopt(head.clusterId);
  if (volume.clusterId !== head.clusterId) throw new Refusal('cluster-foreign');
  if (!(await volume.acceptReign(head.reign))) throw new Refusal('reign-stale');
}
