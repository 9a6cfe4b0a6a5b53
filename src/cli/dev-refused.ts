import type { DevLayout } from './dev-layout.js';

type Node = DevLayout['nodes'][number];

/**
 * Datanodes that refuse to start, such as one whose volume was lost: the store goes on with the others as long as these can
 * hold the copies of a write.
 */
export class RefusedNodes {
  readonly #nodes: readonly Node[];
  readonly #fewest: number;
  readonly #reasons = new Map<string, string>();

  constructor(nodes: readonly Node[], fewest: number) {
    this.#nodes = nodes;
    this.#fewest = fewest;
  }

  /** False: it is no datanode, or too few others are left. */
  add(name: string, reason: string): boolean {
    const others = this.others.filter((node) => node.name !== name);
    if (others.length === this.others.length || others.length < this.#fewest) return false;
    this.#reasons.set(name, reason);
    return true;
  }

  /** The nodes that do not refuse. */
  get others(): Node[] {
    return this.#nodes.filter(({ name }) => !this.#reasons.has(name));
  }

  get reasons(): string[] {
    return [...this.#reasons.values()];
  }
}
