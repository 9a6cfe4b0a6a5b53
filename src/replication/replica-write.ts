import type { ChunkFacts, ChunkKind, ChunkOrigin } from '../model/chunk.js';
import { Refusal } from '../model/refusal.js';
import type { OutgoingCall } from '../wire/api.js';
import type { Datanode } from './datanodes.js';

export interface NewChunk {
  id: string;
  kind: ChunkKind;
  generation: number;
  origin: ChunkOrigin;
}

/** Whose copies they are. */
export interface ReplicaOwner {
  /** Called once for each copy: with null when it is durable, else with why it is not. */
  replicaSettled(replica: ReplicaWrite, error: Error | null): void;
}

/** One copy of a chunk on its way to one node. */
export class ReplicaWrite {
  readonly nodeId: string;
  readonly host: string;
  readonly #call: OutgoingCall<'putChunk'>;
  readonly #id: string;
  readonly #owner: ReplicaOwner;
  readonly #leave: () => void;
  #facts: ChunkFacts | null = null;

  constructor(datanode: Datanode, chunk: NewChunk, callMs: number, owner: ReplicaOwner) {
    this.nodeId = datanode.node.nodeId;
    this.host = datanode.node.host;
    this.#id = chunk.id;
    this.#owner = owner;
    this.#leave = datanode.enter();
    this.#call = datanode.client.open('putChunk', chunk, { timeoutMs: callMs });
    this.#call.reply.then(
      ({ head }) => this.#settle(this.#isReceipt(head) ? null : new Refusal('chunk-crc-wrong', 'The receipt names another chunk.')),
      (error: Error) => this.#settle(error),
    );
  }

  get queuedBytes(): number {
    return this.#call.queuedBytes;
  }

  write(bytes: Buffer): void {
    this.#call.write(bytes);
  }

  whenQueuedAtMost(bytes: number): Promise<void> {
    return this.#call.whenQueuedAtMost(bytes);
  }

  end(facts: ChunkFacts): void {
    this.#facts = facts;
    this.#call.end({ lengthBytes: facts.lengthBytes, crc32c: facts.crc32c });
  }

  abort(reason: Error): void {
    this.#call.abort(reason);
  }

  #isReceipt(head: ChunkFacts & { nodeId: string }): boolean {
    const facts = this.#facts;
    return (
      facts !== null &&
      head.id === this.#id &&
      head.lengthBytes === facts.lengthBytes &&
      head.crc32c === facts.crc32c &&
      head.nodeId === this.nodeId
    );
  }

  #settle(error: Error | null): void {
    this.#leave();
    this.#owner.replicaSettled(this, error);
  }
}
