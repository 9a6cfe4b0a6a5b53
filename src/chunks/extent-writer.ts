import { constants } from 'node:fs';
import { unlink } from 'node:fs/promises';
import type { Semaphore } from '../base/semaphore.js';
import type { ChunkKind, ChunkOrigin } from '../model/chunk.js';
import { Refusal } from '../model/refusal.js';
import { BlockCrcs } from './block-crcs.js';
import type { DiskCondition } from './disk-condition.js';
import { encodeExtentFooter, encodeExtentHead, extentFolder, extentPath } from './extent-file.js';
import type { FolderSync } from './folder-sync.js';
import { closeFd, openFd, syncDataFd, writeAll } from './positioned-io.js';

/** Writes one large chunk. Bytes given to it must not change any more. */
export interface ExtentWriter {
  /** Resolves when more is wanted. */
  write(bytes: Buffer): Promise<void>;
  /**
   * Makes the chunk durable when length and CRC are what was written. Refused: chunk-length-wrong, chunk-crc-wrong,
   * object-exists, chunk-conflict, storage-full, node-closed; the file is gone then.
   */
  seal(trailer: { lengthBytes: number; crc32c: number }): Promise<'stored' | 'repeated'>;
  /** Gives up; removes the file. Harmless after `seal`. */
  abort(): Promise<void>;
}

export interface ExtentRequest {
  id: string;
  kind: ChunkKind;
  generation: number;
  origin: ChunkOrigin;
}

/** What the writer needs from its volume. */
export interface ExtentParts {
  extentsPath: string;
  seed: number;
  gatherBytes: number;
  clusterId: string | null;
  folderSync: FolderSync;
  syncs: Semaphore;
  condition: DiskCondition;
  /** Puts the index record into the log: what decides who wins. `stored` means that this file is the chunk now. */
  commit: (facts: { lengthBytes: number; crc32c: number }) => Promise<'stored' | 'repeated'>;
  /** The writer is finished, one way or the other. */
  onEnd: (writer: ExtentWriter) => void;
}

type Stage = 'writing' | 'sealing' | 'ended';

/** Begins the file of a chunk: opened under its own name, head written. */
export async function beginExtentFile(request: ExtentRequest, attempt: number, parts: ExtentParts): Promise<ExtentWriter> {
  const path = extentPath(parts.extentsPath, request.id, attempt);
  const head = encodeExtentHead(
    {
      ...request,
      type: 'extent',
      payloadBytes: 0,
      sequence: 0,
      batchFirst: 0,
      epoch: 0,
      digestLow: 0,
      digestHigh: 0,
      lengthBytes: 0,
      killedSequence: 0,
      crc32c: 0,
      attempt,
      clusterId: parts.clusterId,
    },
    parts.seed,
  );
  let fd: number;
  try {
    fd = await openFd(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  } catch (error) {
    throw parts.condition.writeFailed(error);
  }
  return new ExtentFileWriter({ id: request.id, path, fd, head }, parts);
}

class ExtentFileWriter implements ExtentWriter {
  readonly #id: string;
  readonly #path: string;
  readonly #fd: number;
  readonly #parts: ExtentParts;
  readonly #crcs = new BlockCrcs();
  #gather: Buffer[];
  #gatheredBytes: number;
  #writtenBytes = 0;
  #inFlight: Promise<void> = Promise.resolve();
  #stage: Stage = 'writing';
  #sealing: Promise<'stored' | 'repeated'> | null = null;

  constructor(file: { id: string; path: string; fd: number; head: Buffer }, parts: ExtentParts) {
    this.#id = file.id;
    this.#path = file.path;
    this.#fd = file.fd;
    this.#parts = parts;
    this.#gather = [file.head];
    this.#gatheredBytes = file.head.length;
  }

  write(bytes: Buffer): Promise<void> {
    return this.#parts.condition.outward(this.#write(bytes));
  }

  async #write(bytes: Buffer): Promise<void> {
    this.#checkWriting();
    this.#crcs.add(bytes);
    this.#gather.push(bytes);
    this.#gatheredBytes += bytes.length;
    if (this.#gatheredBytes >= this.#parts.gatherBytes) await this.#flush();
  }

  async seal(trailer: { lengthBytes: number; crc32c: number }): Promise<'stored' | 'repeated'> {
    this.#checkWriting();
    this.#stage = 'sealing';
    this.#sealing = this.#parts.condition.outward(this.#seal(trailer));
    return this.#sealing;
  }

  async abort(): Promise<void> {
    // A seal under way is let finish: its outcome is decided in the log, and its descriptor is in use.
    if (this.#sealing !== null) await this.#sealing.catch(() => undefined);
    else await this.#end({ remove: true });
  }

  async #seal(trailer: { lengthBytes: number; crc32c: number }): Promise<'stored' | 'repeated'> {
    try {
      const { lengthBytes } = this.#crcs;
      const { blockCrcs, crc32c } = this.#crcs.finish();
      if (trailer.lengthBytes !== lengthBytes) throw new Refusal('chunk-length-wrong');
      if (trailer.crc32c !== crc32c) throw new Refusal('chunk-crc-wrong');
      const facts = { lengthBytes, crc32c };
      const footer = encodeExtentFooter(blockCrcs, facts);
      this.#gather.push(footer);
      this.#gatheredBytes += footer.length;
      await this.#flush();
      await this.#inFlight;
      // The order is the law: bytes, name, index record, receipt.
      await this.#sync();
      const outcome = await this.#parts.commit(facts);
      await this.#end({ remove: outcome === 'repeated' });
      return outcome;
    } catch (error) {
      // After a fault the record may be in the log all the same: then the next start decides about the file.
      await this.#end({ remove: error instanceof Refusal });
      throw error;
    }
  }

  /** Hands over what is gathered once the piece before is written: one piece in flight, one being gathered. */
  async #flush(): Promise<void> {
    await this.#inFlight;
    if (this.#stage === 'ended') throw new Refusal('node-closed');
    const buffers = this.#gather;
    const bytes = this.#gatheredBytes;
    this.#gather = [];
    this.#gatheredBytes = 0;
    const position = this.#writtenBytes;
    this.#writtenBytes += bytes;
    this.#inFlight = writeAll(this.#fd, buffers, position).catch((error: unknown) => {
      throw this.#parts.condition.writeFailed(error);
    });
    this.#inFlight.catch(() => undefined); // reported where it is awaited
  }

  async #sync(): Promise<void> {
    const { syncs, folderSync, extentsPath } = this.#parts;
    const release = await syncs.acquire();
    try {
      await syncDataFd(this.#fd);
      await folderSync.sync(extentFolder(extentsPath, this.#id));
    } catch (error) {
      throw this.#parts.condition.writeFailed(error);
    } finally {
      release();
    }
  }

  async #end(how: { remove: boolean }): Promise<void> {
    if (this.#stage === 'ended') return;
    this.#stage = 'ended';
    await this.#inFlight.catch(() => undefined);
    this.#gather = [];
    await closeFd(this.#fd).catch((error: unknown) => this.#parts.condition.failed(error));
    if (how.remove) await unlink(this.#path).catch(() => undefined); // the next start removes what has no record
    this.#parts.onEnd(this);
  }

  #checkWriting(): void {
    if (this.#stage !== 'writing') throw new Refusal('node-closed');
    this.#parts.condition.checkTrusted();
  }
}
