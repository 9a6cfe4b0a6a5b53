import type { Claim } from './cluster-api.js';
import type { KnownNode } from './sights.js';

/** A claim that took the place of another of its name. */
export interface ReplacedClaim {
  /** Of the one before. */
  uid: string;
  /** The nodes whose data went with it. */
  nodeIds: ReadonlySet<string>;
}

/**
 * Which claims are new ones under an old name. Known since this process began; a replacement that happened while no
 * controller ran is seen by the new node id that answers at the old address.
 */
export class ClaimHistory {
  readonly #uids = new Map<string, string>();
  readonly #replaced = new Map<string, ReplacedClaim>();

  /** Looks at the claims of now. `isSettled`: the master has given the node up, or the node came back on the new claim. */
  observe(
    claims: readonly Claim[],
    parts: { nodesOf: (claimName: string) => readonly KnownNode[]; isSettled: (node: KnownNode) => boolean },
  ): ReadonlyMap<string, ReplacedClaim> {
    for (const { metadata } of claims) {
      const uid = this.#uids.get(metadata.name);
      if (uid !== undefined && uid !== metadata.uid) {
        const nodeIds = new Set(parts.nodesOf(metadata.name).map(({ nodeId }) => nodeId));
        if (!this.#replaced.has(metadata.name)) this.#replaced.set(metadata.name, { uid, nodeIds });
      }
      this.#uids.set(metadata.name, metadata.uid);
    }
    for (const [name, { nodeIds }] of this.#replaced) {
      const left = parts.nodesOf(name).filter(({ nodeId }) => nodeIds.has(nodeId));
      if (left.every((node) => parts.isSettled(node))) this.#replaced.delete(name);
    }
    return this.#replaced;
  }
}
