import type { ChunkKind, ChunkOrigin } from '../model/chunk.js';
import { headerBytesOf, recordBytes, type RecordHeader, type RecordType } from './record.js';

/** What a caller wants in the log. */
export interface LogRequest {
  type: Exclude<RecordType, 'seal'>;
  kind: ChunkKind;
  id: string;
  /** The bytes of a packed chunk, in pieces, else empty. */
  payload: Buffer[];
  lengthBytes: number;
  killedSequence: number;
  crc32c: number;
  generation: number;
  attempt: number;
  origin: ChunkOrigin;
}

/** Where a durable record stands. */
export interface Appended {
  segment: number;
  offset: number;
  sequence: number;
  recordBytes: number;
}

/** A record on its way into the log; once it is durable it is the answer itself. */
export class PendingRecord implements RecordHeader, Appended {
  readonly type: Exclude<RecordType, 'seal'>;
  readonly kind: ChunkKind;
  readonly id: string;
  readonly payload: Buffer[];
  readonly payloadBytes: number;
  readonly headerBytes: number;
  readonly recordBytes: number;
  readonly lengthBytes: number;
  readonly killedSequence: number;
  readonly crc32c: number;
  readonly generation: number;
  readonly attempt: number;
  readonly origin: ChunkOrigin;
  readonly clusterId: string | null;
  segment = 0;
  sequence = 0;
  batchFirst = 0;
  epoch = 0;
  digestLow = 0;
  digestHigh = 0;
  offset = 0;
  readonly resolve: (place: Appended) => void;
  readonly reject: (error: Error) => void;

  constructor(request: LogRequest, clusterId: string | null, resolve: (place: Appended) => void, reject: (error: Error) => void) {
    this.type = request.type;
    this.kind = request.kind;
    this.id = request.id;
    this.payload = request.payload;
    this.payloadBytes = request.type === 'packed' ? request.lengthBytes : 0;
    this.headerBytes = headerBytesOf(request.type, request.origin);
    this.recordBytes = recordBytes(this);
    this.lengthBytes = request.lengthBytes;
    this.killedSequence = request.killedSequence;
    this.crc32c = request.crc32c;
    this.generation = request.generation;
    this.attempt = request.attempt;
    this.origin = request.origin;
    this.clusterId = clusterId;
    this.resolve = resolve;
    this.reject = reject;
  }
}
