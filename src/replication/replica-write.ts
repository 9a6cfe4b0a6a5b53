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

/** One copy of a chunk on its way to one node. */
export class ReplicaWrite {
  readonly nodeId: string;
  readonly host: string;
  readonly #call: OutgoingCall<'putChunk'>;
  readonly #id: string;
  readonly #leave: () => void;
  #facts: ChunkFacts | null = null;

  /** `onSettled` is called once: with null when the copy is durable, else with why it is not. */
  constructor(datanode: Datanode, chunk: NewChunk, callMs: number, onSettled: (replica: ReplicaWrite, error: Error | null) => void) {
    this.nodeId = datanode.node.nodeId;
    this.host = datanode.node.host;
    this.#id = chunk.id;
    this.#leave = datanode.enter();
    const { id, kind, generation, origin } = chunk;
    this.#call = datanode.client.open('putChunk', { id, kind, generation, origin }, { timeoutMs: callMs });
    this.#call.reply.then(
      ({ head }) =>
        this.#settle(onSettled, this.#isReceipt(head) ? null : new Refusal('chunk-crc-wrong', 'The receipt names another chunk.')),
      (error: Error) => this.#settle(onSettled, error),
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

  #settle(onSettled: (replica: ReplicaWrite, error: Error | null) => void, error: Error | null): void {
    this.#leave();
    onSettled(this, error);
  }
}
