import { must } from '../base/must.js';
import type { ByteRange } from '../model/byte-range.js';
import type { WrittenChunk } from '../model/chunk.js';
import { chunkSizeBytesMax } from '../model/limits.js';
import type { View } from '../model/node.js';
import { ChunkReader, type ReadableObject } from '../replication/chunk-reader.js';
import { ChunkWriter, type BodySource } from '../replication/chunk-writer.js';
import type { BodyOrigin, BodyStore, FoundObject } from './body-store.js';
import type { MasterClient } from './master-client.js';

type Master = Pick<MasterClient, 'ask' | 'view' | 'someView' | 'refreshView'>;

/** Bodies on datanodes: the replication layer, with what it needs to know from the master. */
export class ReplicatedBodies implements BodyStore {
  readonly #master: Master;
  readonly #writer: ChunkWriter;
  readonly #reader: ChunkReader;

  constructor(master: Master, parts: { writer: ChunkWriter; reader: ChunkReader }) {
    this.#master = master;
    this.#writer = parts.writer;
    this.#reader = parts.reader;
  }

  async write(source: BodySource, origin: BodyOrigin): Promise<WrittenChunk[]> {
    const { view } = this.#master;
    // A view with a quorum is good enough, also when a newer one is known of: repair makes what it leaves out
    if (view === null || !hasQuorum(view)) await this.#refreshView();
    return this.#writer.write(source, { kind: 'chunk', origin, chunkSizeBytes: chunkSizeBytesMax });
  }

  read(found: FoundObject, range: ByteRange): AsyncIterable<Buffer> {
    const { versionNumber } = found.version;
    const object: ReadableObject = {
      manifest: found.manifest,
      manifestFrom: (offsetBytes) => this.#master.ask('readManifest', { versionNumber, offsetBytes }),
    };
    return this.#master.view === null ? this.#readLater(object, range) : this.#reader.read(object, range);
  }

  /** Right after a start a view may lack nodes that are there. Refuses: master-away. */
  async #refreshView(): Promise<void> {
    try {
      await this.#master.refreshView();
    } catch (error) {
      if (this.#master.view === null) throw error;
    }
  }

  async *#readLater(object: ReadableObject, range: ByteRange): AsyncGenerator<Buffer, void, void> {
    await this.#master.someView();
    yield* this.#reader.read(object, range);
  }
}

function hasQuorum({ nodes, writeQuorum }: View): boolean {
  let writable = 0;
  for (const node of nodes) if (node.writable) writable += 1;
  return writable >= writeQuorum;
}

/** The view; callers have made sure that there is one. */
export function viewOf(master: { readonly view: View | null }): View {
  return must(master.view, 'a view before the first chunk');
}
