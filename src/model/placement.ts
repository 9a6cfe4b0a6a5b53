import type { Random } from '../base/random.js';
import type { View, ViewNode } from './node.js';

export interface PlacementWish {
  /** How many nodes are wanted; fewer come back when fewer can take a chunk. */
  count: number;
  /** Ids of nodes that must not be chosen. */
  exclude: ReadonlySet<string>;
  /** Ids of nodes that hold the chunk already: never chosen, and their hosts and zones count as taken. */
  beside?: ReadonlySet<string>;
  random: Random;
}

/**
 * Where new copies of a chunk go (DESIGN section 5): writers and repair ask the same question here. Only writable nodes;
 * every zone gets a copy before one gets a second, and every host too; among equals at random, weighted by free space.
 *
 * Chosen one after the other, always from the host with the fewest copies, then from the zone with the fewest. The
 * host comes first because the write quorum counts hosts; an unused zone has only unused hosts, so zones lose nothing.
 */
export function chooseNodes(view: Pick<View, 'nodes'>, wish: PlacementWish): ViewNode[] {
  const perHost = new Map<string, number>();
  const perZone = new Map<string, number>();
  const take = (node: ViewNode): void => {
    perHost.set(node.host, (perHost.get(node.host) ?? 0) + 1);
    perZone.set(node.zone, (perZone.get(node.zone) ?? 0) + 1);
  };
  const candidates = new Set<ViewNode>();
  for (const node of view.nodes) {
    if (wish.beside?.has(node.nodeId)) take(node);
    else if (node.writable && !wish.exclude.has(node.nodeId)) candidates.add(node);
  }

  const chosen: ViewNode[] = [];
  while (chosen.length < wish.count && candidates.size > 0) {
    let best: ViewNode[] = [];
    let fewestOnHost = Infinity;
    let fewestInZone = Infinity;
    for (const node of candidates) {
      const onHost = perHost.get(node.host) ?? 0;
      const inZone = perZone.get(node.zone) ?? 0;
      if (onHost > fewestOnHost || (onHost === fewestOnHost && inZone > fewestInZone)) continue;
      if (onHost < fewestOnHost || inZone < fewestInZone) best = [];
      fewestOnHost = onHost;
      fewestInZone = inZone;
      best.push(node);
    }
    const node = pickByFreeSpace(best, wish.random);
    candidates.delete(node);
    take(node);
    chosen.push(node);
  }
  return chosen;
}

/** One byte is added to each weight, so that a list of full nodes still has an answer. */
function pickByFreeSpace(nodes: ViewNode[], random: Random): ViewNode {
  let total = 0;
  for (const node of nodes) total += node.freeBytes + 1;
  let point = random.fraction() * total;
  for (const node of nodes) {
    point -= node.freeBytes + 1;
    if (point < 0) return node;
  }
  return nodes.at(-1)!; // rounding left a remainder of nothing
}

/** On how many different hosts these nodes are. */
export function countHosts(nodes: Iterable<Pick<ViewNode, 'host'>>): number {
  const hosts = new Set<string>();
  for (const node of nodes) hosts.add(node.host);
  return hosts.size;
}
