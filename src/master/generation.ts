import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Task } from '../base/task-loop.js';
import type { MetadataStore } from '../metadata/store.js';
import type { NodeRegistry } from './node-registry.js';

/** Timers are 32 bits of milliseconds; a generation may be longer. */
const waitMsMax = 3_600_000;

export interface GenerationParts {
  store: Pick<MetadataStore, 'write'>;
  registry: NodeRegistry;
  clock: Clock;
  log: Log;
  generationMs: number;
}

/** Advances the sweep generation by the monotonic clock: no wall clock has a say in what may be deleted. */
export class Generation implements Task {
  readonly name = 'advance the generation';
  readonly #parts: GenerationParts;
  #dueAtMs: number;

  constructor(parts: GenerationParts) {
    this.#parts = parts;
    this.#dueAtMs = parts.clock.monotonicMs() + parts.generationMs;
  }

  async work(): Promise<number> {
    const { store, registry, clock, log, generationMs } = this.#parts;
    if (clock.monotonicMs() >= this.#dueAtMs) {
      const { generation } = await store.write('advanceGeneration', {});
      registry.setGeneration(generation);
      log.info({ generation }, 'a new sweep generation begins');
      this.#dueAtMs = clock.monotonicMs() + generationMs;
    }
    return Math.min(waitMsMax, Math.max(1, this.#dueAtMs - clock.monotonicMs()));
  }
}
