import type { Claim, KubeNode, Pod, ResourceName, Resources, StatefulSet } from './cluster-api.js';
import { blindAfterMs, stalestMs } from './freshness.js';
import { ObjectCache } from './object-cache.js';
import { WatchLoop, watchDefaults, type WatchCounts, type WatchLimits, type WatchLoopParts } from './watch-loop.js';

export interface ClusterCachesOptions {
  /** What the release's own objects are labelled with. */
  labelSelector: string;
  /** Whether the nodes of the cluster may be seen. */
  clusterScoped: boolean;
  limits?: WatchLimits;
}

export interface CacheStatus extends WatchCounts {
  resource: ResourceName;
  objects: number;
  freshMs: number;
}

/** What the controller sees of the cluster: of its release all pods, StatefulSets and claims, and all nodes. */
export class ClusterCaches {
  readonly pods: ObjectCache<Pod>;
  readonly statefulSets: ObjectCache<StatefulSet>;
  readonly claims: ObjectCache<Claim>;
  /** Null when they may not be seen. */
  readonly nodes: ObjectCache<KubeNode> | null;
  readonly #followed: Followed[] = [];

  constructor(options: ClusterCachesOptions, parts: WatchLoopParts) {
    const limits = options.limits ?? watchDefaults;
    const follow = <R extends ResourceName>(resource: R, selection: { labelSelector?: string }): ObjectCache<Resources[R]> => {
      const cache = new ObjectCache<Resources[R]>(parts);
      this.#followed.push({ resource, cache, loop: new WatchLoop({ resource, selection, cache, limits }, parts) });
      return cache;
    };
    const own = { labelSelector: options.labelSelector };
    this.pods = follow('pods', own);
    this.statefulSets = follow('statefulsets', own);
    this.claims = follow('persistentvolumeclaims', own);
    this.nodes = options.clusterScoped ? follow('nodes', {}) : null;
  }

  start(): void {
    for (const { loop } of this.#followed) loop.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#followed.map(({ loop }) => loop.stop()));
  }

  /** Something of any resource changed: have a look at all of it. */
  onChange(listener: () => void): void {
    for (const { cache } of this.#followed) cache.onChange(listener);
  }

  /** The age of what is known longest; Infinity until everything has been listed once. */
  freshMs(): number {
    return stalestMs(this.#followed.map(({ cache }) => cache));
  }

  /** Nothing may be concluded from what is in the caches. */
  get blind(): boolean {
    return this.freshMs() > blindAfterMs;
  }

  /** For metrics. */
  statuses(): CacheStatus[] {
    return this.#followed.map(({ resource, cache, loop }) => ({ resource, objects: cache.size, freshMs: cache.freshMs(), ...loop.counts }));
  }
}

interface Followed {
  resource: ResourceName;
  cache: Pick<ObjectCache<Resources[ResourceName]>, 'size' | 'freshMs'> & { onChange(listener: () => void): void };
  loop: { readonly counts: WatchCounts; start(): void; stop(): Promise<void> };
}
