import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import type { WireClient } from '../wire/api.js';
import { createWireClient } from '../wire/client.js';
import type { RequestOf, ResponseOf } from '../wire/verbs.js';

/** A master that is slower is taken for away; the next report says the same again. */
const answerMsMax = 3000;

export interface MasterPortOptions {
  address: string;
  /** Asked anew for each proof. */
  secrets: () => Buffer[];
}

/** What the controller has to say to the master. Connects when it is first used, so a controller that waits for its turn is no peer. */
export class MasterPort {
  readonly #client: WireClient;

  constructor({ address, secrets }: MasterPortOptions, parts: { clock: Clock; random: Random; log: Log }) {
    this.#client = createWireClient(
      { address, role: 'controller', id: parts.random.uuidV4(), boot: 1, expect: { role: 'master', id: null }, secrets },
      parts,
    );
  }

  /** Rejects with `Refusal` (`observer-stale`: another was elected later) or `Unreachable`. */
  async report(report: RequestOf<'reportCluster'>, signal: AbortSignal): Promise<ResponseOf<'reportCluster'>> {
    return (await this.#client.call('reportCluster', report, { timeoutMs: answerMsMax, signal })).head;
  }

  /** The highest election epoch that the master has accepted. */
  async electionEpoch(signal: AbortSignal): Promise<number> {
    return (await this.#client.call('getElection', {}, { timeoutMs: answerMsMax, signal })).head.electionEpoch;
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
