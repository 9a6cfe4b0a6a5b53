import { syncFolder } from '../base/atomic-file.js';

/** Syncs of folders, shared: everybody who asks while one is running is served by the next one. */
export class FolderSync {
  readonly #turns = new Map<string, { running: Promise<void>; next: Promise<void> | null }>();

  /** Resolves after a sync that began after this call. */
  sync(path: string): Promise<void> {
    const turn = this.#turns.get(path);
    if (turn === undefined) return this.#begin(path);
    turn.next ??= turn.running.then(
      () => this.#begin(path),
      () => this.#begin(path),
    );
    return turn.next;
  }

  #begin(path: string): Promise<void> {
    const running = syncFolder(path).finally(() => {
      if (this.#turns.get(path) === turn && turn.next === null) this.#turns.delete(path);
    });
    const turn: { running: Promise<void>; next: Promise<void> | null } = { running, next: null };
    this.#turns.set(path, turn);
    return running;
  }
}
