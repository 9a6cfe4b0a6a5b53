import type { Draft, KubeObject, ListOptions, ResourceName, Resources } from '../controller/cluster-api.js';

export interface FakeChange {
  resource: ResourceName;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: KubeObject;
}

/** What the API server says instead of yes. */
export class FakeRefusal extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** Fields that the real server reads as MicroTime, and refuses with other than six digits. */
const microTimes: Partial<Record<ResourceName, string[][]>> = {
  leases: [
    ['spec', 'acquireTime'],
    ['spec', 'renewTime'],
  ],
  events: [['eventTime']],
};
const microTimeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

/** The objects of a cluster with one namespace, and the history of their changes: what stands behind a fake API server. */
export class FakeCluster {
  #version = 998;
  #forgottenVersion = 0;
  #uids = 0;
  readonly #objects = new Map<ResourceName, Map<string, KubeObject>>();
  #changes: FakeChange[] = [];
  readonly #listeners = new Set<(change: FakeChange) => void>();

  get version(): number {
    return this.#version;
  }

  onChange(listener: (change: FakeChange) => void): void {
    this.#listeners.add(listener);
  }

  list<R extends ResourceName>(resource: R, options: ListOptions = {}): Resources[R][] {
    const objects = [...this.#of(resource).values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    return objects.filter((object) => selects(options.labelSelector, object)) as Resources[R][];
  }

  get<R extends ResourceName>(resource: R, name: string): Resources[R] {
    const object = this.#of(resource).get(name);
    if (!object) throw new FakeRefusal(404, 'NotFound', `${resource} "${name}" not found`);
    return object as Resources[R];
  }

  create<R extends ResourceName>(resource: R, draft: Draft<Resources[R]>): Resources[R] {
    const { metadata } = draft;
    this.#uids += 1;
    const name = metadata.name ?? `${metadata.generateName}${String(this.#uids).padStart(5, '0')}`;
    if (this.#of(resource).has(name)) throw new FakeRefusal(409, 'AlreadyExists', `${resource} "${name}" already exists`);
    return this.#put(resource, 'ADDED', { ...draft, metadata: { ...metadata, name, uid: `uid-${this.#uids}` } }) as Resources[R];
  }

  /** Without a version in it, whatever there is is replaced. */
  replace<R extends ResourceName>(resource: R, object: Draft<Resources[R]>): Resources[R] {
    const { metadata } = object;
    const before = this.get(resource, metadata.name ?? '');
    const { uid, resourceVersion } = before.metadata;
    if ((metadata.resourceVersion ?? resourceVersion) !== resourceVersion || (metadata.uid ?? uid) !== uid) {
      throw new FakeRefusal(409, 'Conflict', 'the object has been modified; please apply your changes to the latest version and try again');
    }
    const after = { ...object, metadata: { ...metadata, uid, resourceVersion } };
    // as the real one: what changes nothing makes no version
    if (JSON.stringify(sortedKeys(after)) === JSON.stringify(sortedKeys(before))) return before;
    return this.#put(resource, 'MODIFIED', after) as Resources[R];
  }

  mergePatch<R extends ResourceName>(resource: R, name: string, patch: object): Resources[R] {
    return this.replace(resource, merged(this.get(resource, name), patch) as Draft<Resources[R]>);
  }

  remove(resource: ResourceName, name: string): void {
    const object = this.get(resource, name);
    this.#of(resource).delete(name);
    this.#tell(resource, 'DELETED', { ...object, metadata: { ...object.metadata, resourceVersion: this.#nextVersion() } });
  }

  /** What is not named may be any. */
  removeVersion(resource: ResourceName, name: string, wanted: { uid?: string; resourceVersion?: string }): void {
    const { uid, resourceVersion } = this.get(resource, name).metadata;
    if ((wanted.uid ?? uid) !== uid || (wanted.resourceVersion ?? resourceVersion) !== resourceVersion)
      throw new FakeRefusal(409, 'Conflict', 'the preconditions do not hold');
    this.remove(resource, name);
  }

  /** Null: the version is too old. */
  changesAfter(resource: ResourceName, version: number, options: ListOptions): FakeChange[] | null {
    if (version < this.#forgottenVersion) return null;
    return this.#changes.filter(
      (change) =>
        change.resource === resource &&
        Number(change.object.metadata.resourceVersion) > version &&
        selects(options.labelSelector, change.object),
    );
  }

  /** No watch can start from a version of before. */
  forget(): void {
    this.#nextVersion();
    this.#forgottenVersion = this.#version;
    this.#changes = [];
  }

  #of(resource: ResourceName): Map<string, KubeObject> {
    let objects = this.#objects.get(resource);
    if (!objects) this.#objects.set(resource, (objects = new Map<string, KubeObject>()));
    return objects;
  }

  #put(resource: ResourceName, type: FakeChange['type'], object: object): KubeObject {
    for (const path of microTimes[resource] ?? []) {
      const time = path.reduce<unknown>((value, field) => (value as Record<string, unknown> | undefined)?.[field], object);
      if (time === undefined || time === null || (typeof time === 'string' && microTimeForm.test(time))) continue;
      const why = `parsing time ${JSON.stringify(time)} as "2006-01-02T15:04:05.000000Z07:00"`;
      throw new FakeRefusal(400, 'BadRequest', `${resource} in version "v1" cannot be handled: ${why}`);
    }
    const { metadata } = object as KubeObject;
    const stored = { ...object, metadata: { ...metadata, resourceVersion: this.#nextVersion() } };
    this.#of(resource).set(metadata.name, stored);
    this.#tell(resource, type, stored);
    return stored;
  }

  #tell(resource: ResourceName, type: FakeChange['type'], object: KubeObject): void {
    const change = { resource, type, object };
    this.#changes.push(change);
    for (const listener of this.#listeners) listener(change);
  }

  #nextVersion(): string {
    this.#version += 1;
    return String(this.#version);
  }
}

export function selects(labelSelector: string | undefined, object: KubeObject): boolean {
  return (labelSelector ?? '')
    .split(',')
    .filter((part) => part !== '')
    .every((part) => {
      const [key = '', value] = part.split('=');
      return object.metadata.labels?.[key] === value;
    });
}

/** RFC 7386. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
}

function sortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortedKeys(inner)]),
  );
}
