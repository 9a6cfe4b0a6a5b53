import { must } from '../base/must.js';
import type { ByteRange } from '../model/byte-range.js';
import type { WrittenChunk } from '../model/chunk.js';
import { chunkSizeBytesMax } from '../model/limits.js';
import type { View } from '../model/node.js';
import { ChunkReader, type ReadableObject } from '../replication/chunk-reader.js';
import { ChunkWriter, type BodySource } from '../replication/chunk-writer.js';
import type { BodyOrigin, BodyStore, FoundObject } from './body-store.js';
import type { MasterClient } from './master-client.js';

/** Bodies on datanodes: the replication layer, with what it needs to know from the master. */
export class ReplicatedBodies implements BodyStore {
  readonly #master: Pick<MasterClient, 'ask' | 'view' | 'someView'>;
  readonly #writer: ChunkWriter;
  readonly #reader: ChunkReader;

  constructor(master: Pick<MasterClient, 'ask' | 'view' | 'someView'>, parts: { writer: ChunkWriter; reader: ChunkReader }) {
    this.#master = master;
    this.#writer = parts.writer;
    this.#reader = parts.reader;
  }

  async write(source: BodySource, origin: BodyOrigin): Promise<WrittenChunk[]> {
    if (this.#master.view === null) await this.#master.someView();
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

  async *#readLater(object: ReadableObject, range: ByteRange): AsyncGenerator<Buffer, void, void> {
    await this.#master.someView();
    yield* this.#reader.read(object, range);
  }
}

/** The view at hand; both ways above begin only when there is one. */
export function viewOf(master: { readonly view: View | null }): View {
  return must(master.view, 'a view before the first chunk');
}
