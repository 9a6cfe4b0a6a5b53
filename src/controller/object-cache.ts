import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { KubeObject, ObjectList, WatchEvent } from './cluster-api.js';
import { Listeners } from './listeners.js';

/** Both null never happens. Other uids before and after: deleted and created again under the same name. */
export interface ObjectChange<T> {
  before: T | null;
  after: T | null;
}

/**
 * What is known of one resource: the last list, and what has changed since then.
 *
 * It may be told the same thing twice, late, or in any order: of two versions of one name the newer one counts, and a
 * deletion is remembered until the next list, lest an older event brings the object back.
 */
export class ObjectCache<T extends KubeObject> {
  readonly #clock: Clock;
  readonly #listeners: Listeners<ObjectChange<T>>;
  readonly #objects = new Map<string, T>();
  /** Name → version of its deletion, for deletions since the last list. */
  readonly #deleted = new Map<string, string>();
  #listVersion: string | null = null;
  #heardMs = -Infinity;

  constructor(parts: { clock: Clock; log: Log }) {
    this.#clock = parts.clock;
    this.#listeners = new Listeners('of a cache', parts.log);
  }

  all(): T[] {
    return [...this.#objects.values()];
  }

  get size(): number {
    return this.#objects.size;
  }

  get(name: string): T | null {
    return this.#objects.get(name) ?? null;
  }

  /** How long ago the server last said something about this resource; Infinity before the first list. */
  freshMs(): number {
    return this.#clock.monotonicMs() - this.#heardMs;
  }

  /** Called after each change. A listener that throws is logged and hears of the next change. */
  onChange(listener: (change: ObjectChange<T>) => void): void {
    this.#listeners.add(listener);
  }

  /** The list is right, whatever was known before: also when its version is lower, as after a restored backup of etcd. */
  replaceAll(list: ObjectList<T>): void {
    const before = new Map(this.#objects);
    this.#objects.clear();
    this.#deleted.clear();
    this.#listVersion = list.resourceVersion;
    for (const object of list.items) this.#objects.set(object.metadata.name, object);
    this.heard();
    for (const [name, object] of before) this.#tell(object, this.get(name));
    for (const object of list.items) if (!before.has(object.metadata.name)) this.#tell(null, object);
  }

  apply(event: WatchEvent<T>): void {
    this.heard();
    if (event.type === 'BOOKMARK') return;
    const { name, resourceVersion } = event.object.metadata;
    const before = this.get(name);
    const known = before?.metadata.resourceVersion ?? this.#deleted.get(name) ?? this.#listVersion;
    if (known !== null && !isNewer(resourceVersion, known)) return;
    if (event.type === 'DELETED') {
      this.#objects.delete(name);
      this.#deleted.set(name, resourceVersion);
      this.#tell(before, null);
    } else {
      this.#objects.set(name, event.object);
      this.#deleted.delete(name);
      this.#tell(before, event.object);
    }
  }

  /** The server is there, even if it had nothing to say. */
  heard(): void {
    this.#heardMs = this.#clock.monotonicMs();
  }

  #tell(before: T | null, after: T | null): void {
    if (before?.metadata.resourceVersion === after?.metadata.resourceVersion && before?.metadata.uid === after?.metadata.uid) return;
    this.#listeners.tell({ before, after });
  }
}

const decimal = /^\d+$/;

/** Versions of one resource are growing decimal numbers, longer than a double holds; what is none is taken for newer. */
function isNewer(version: string, than: string): boolean {
  if (!decimal.test(version) || !decimal.test(than)) return version !== than;
  return version.length === than.length ? version > than : version.length > than.length;
}
