import type { LogProof } from '../model/node-state.js';

/** What a heartbeat says about the log of its volume. */
export interface LogWord {
  nodeId: string;
  boot: number;
  logSequence: number;
  logDigest: string;
  provenDigest: string | null;
}

/** The log as the master last heard of it; committed. */
export interface LogMark {
  sequence: number;
  digest: string;
}

export interface LogJudgement {
  proof: LogProof;
  /** What the node is asked to prove in its next heartbeat, or null. */
  proveSequence: number | null;
}

interface NodeLog {
  mark: LogMark | null;
  markedAtMs: number;
  /** As of the last heartbeat that was proven; in memory, and never older than the mark. Only durable records are told. */
  heard: LogMark | null;
  /** Set from the first heartbeat of a new boot until its proof: the boot, how far it must reach and what it must show. */
  asked: (LogMark & { boot: number }) | null;
}

/**
 * Finds volumes that went back in time (a restored snapshot, an old disk put back): after each start a node must show
 * a log that reaches as far as this master has heard, or else the last mark, and has the same digest there. Within one
 * boot a log only grows.
 */
export class LogProofs {
  readonly #logs = new Map<string, NodeLog>();
  readonly #markEveryMs: number;

  constructor(markEveryMs: number, marks: Iterable<{ nodeId: string; mark: LogMark | null }>) {
    this.#markEveryMs = markEveryMs;
    for (const { nodeId, mark } of marks) this.#logs.set(nodeId, { mark, markedAtMs: -Infinity, heard: mark, asked: null });
  }

  /** `knownBoot`: the boot that the master had accepted before this heartbeat, null for a node that it did not know. */
  judge(word: LogWord, knownBoot: number | null): LogJudgement {
    const log = this.#of(word.nodeId);
    const isNewBoot = word.boot !== knownBoot;
    if (isNewBoot) log.asked = log.heard && { boot: word.boot, ...log.heard };
    // Heartbeats of one boot may overtake each other: there only the mark is judged by.
    const least = log.asked ?? log.mark;
    if (least !== null && word.logSequence < least.sequence) return { proof: 'refuted', proveSequence: null };
    if (!isNewBoot && log.asked?.boot === word.boot && word.provenDigest !== null) {
      if (word.provenDigest !== log.asked.digest) return { proof: 'refuted', proveSequence: null };
      log.asked = null;
      log.markedAtMs = -Infinity; // each proven start leaves a mark at once
    }
    if (log.asked !== null) return { proof: 'pending', proveSequence: log.asked.sequence };
    if (word.logSequence >= (log.heard?.sequence ?? 0)) log.heard = { sequence: word.logSequence, digest: word.logDigest };
    return { proof: 'proven', proveSequence: null };
  }

  /** Whether this heartbeat, which is proven, should become the mark. */
  isMarkDue(nodeId: string, nowMs: number): boolean {
    return nowMs - this.#of(nodeId).markedAtMs >= this.#markEveryMs;
  }

  /** The mark is committed. */
  marked(nodeId: string, mark: LogMark, nowMs: number): void {
    const log = this.#of(nodeId);
    log.mark = mark;
    log.heard = mark;
    log.markedAtMs = nowMs;
    log.asked = null;
  }

  #of(nodeId: string): NodeLog {
    let log = this.#logs.get(nodeId);
    if (!log) {
      log = { mark: null, markedAtMs: -Infinity, heard: null, asked: null };
      this.#logs.set(nodeId, log);
    }
    return log;
  }
}
