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
  /** Set from the first heartbeat of a new boot until its proof: the boot, and the digest that it must show. */
  asked: { boot: number; digest: string } | null;
}

/**
 * Finds volumes that went back in time (a restored snapshot, an old disk put back): after each start a node must show
 * a log that reaches the last mark and has the same digest there. Within one boot a log only grows.
 */
export class LogProofs {
  readonly #logs = new Map<string, NodeLog>();
  readonly #markEveryMs: number;

  constructor(markEveryMs: number, marks: Iterable<{ nodeId: string; mark: LogMark | null }>) {
    this.#markEveryMs = markEveryMs;
    for (const { nodeId, mark } of marks) this.#logs.set(nodeId, { mark, markedAtMs: -Infinity, asked: null });
  }

  /** `knownBoot`: the boot that the master had accepted before this heartbeat, null for a node that it did not know. */
  judge(word: LogWord, knownBoot: number | null): LogJudgement {
    const log = this.#of(word.nodeId);
    const { mark } = log;
    if (mark === null) return { proof: 'proven', proveSequence: null };
    if (word.logSequence < mark.sequence) return { proof: 'refuted', proveSequence: null };
    if (word.boot !== knownBoot) log.asked = { boot: word.boot, digest: mark.digest };
    else if (log.asked?.boot === word.boot && word.provenDigest !== null) {
      if (word.provenDigest !== log.asked.digest) return { proof: 'refuted', proveSequence: null };
      log.asked = null;
      log.markedAtMs = -Infinity; // each proven start leaves a mark at once
    }
    return log.asked === null ? { proof: 'proven', proveSequence: null } : { proof: 'pending', proveSequence: mark.sequence };
  }

  /** Whether this heartbeat, which is proven, should become the mark. */
  isMarkDue(nodeId: string, nowMs: number): boolean {
    return nowMs - this.#of(nodeId).markedAtMs >= this.#markEveryMs;
  }

  /** The mark is committed. */
  marked(nodeId: string, mark: LogMark, nowMs: number): void {
    const log = this.#of(nodeId);
    log.mark = mark;
    log.markedAtMs = nowMs;
    log.asked = null;
  }

  #of(nodeId: string): NodeLog {
    let log = this.#logs.get(nodeId);
    if (!log) {
      log = { mark: null, markedAtMs: -Infinity, asked: null };
      this.#logs.set(nodeId, log);
    }
    return log;
  }
}
