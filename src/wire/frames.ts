import { crc32c } from '../base/crc32c.js';

/*
 * A frame, little endian:
 *
 *    0  u32  CRC32C of everything from byte 4 to the end of the JSON head
 *    4  u16  magic            6  u8   version        7  u8   kind
 *    8  u16  verb code       10  u16  flags         12  u32  call id
 *   16  u32  bytes of JSON   20  u32  bytes of body
 *   24  u32  stamp epoch     28  f64  stamp n       (view number of a master's answer; 0, 0 elsewhere)
 *   36  JSON head, then the raw body
 *
 * The CRC guards what steers the decoder; bodies carry their own CRCs end to end.
 */
const fixedBytes = 36;
const magic = 0xae57;
const lastFlag = 1;

export const wireVersion = 1;
/** Every version speaks its predecessor's language too; the handshake takes the lower of both. */
export const wireVersionMin = 1;

export const frameKinds = {
  // Handshake, in this order: client, server, client, server
  hello: 1,
  challenge: 2,
  proof: 3,
  ready: 4,
  // Calls. `last` on a frame says that no body bytes of its sender follow it
  /** The head, and on a second line the trailer when the whole body is in this frame. */
  request: 10,
  reply: 11,
  refusal: 12,
  /** More of a body; the last one of a request carries the trailer as its JSON. */
  data: 13,
  /** The JSON is the number of body bytes that the receiver has consumed. */
  credit: 14,
  /** From a client: forget the call. From a server: stop sending the request's body. */
  cancel: 15,
  // Is anybody there?
  ping: 20,
  pong: 21,
} as const;
type FrameKind = (typeof frameKinds)[keyof typeof frameKinds];

export interface Frame {
  kind: FrameKind;
  verb: number;
  id: number;
  last: boolean;
  /** The head in JSON, or empty. */
  json: string;
  bodyBytes: number;
  stampEpoch: number;
  stampN: number;
}

export interface FrameHead extends Omit<Frame, 'kind' | 'json'> {
  /** May be of a later version and unknown here. */
  kind: number;
}

/** The peer does not speak this protocol, or bytes were damaged underway: the connection is of no more use. */
export class FrameBroken extends Error {
  override readonly name = 'FrameBroken';
}

/** The frame up to its body, which follows as it is. */
export function encodeFrame(frame: Frame): Buffer {
  const jsonBytes = Buffer.byteLength(frame.json);
  const bytes = Buffer.allocUnsafe(fixedBytes + jsonBytes);
  bytes.writeUInt16LE(magic, 4);
  bytes[6] = wireVersion;
  bytes[7] = frame.kind;
  bytes.writeUInt16LE(frame.verb, 8);
  bytes.writeUInt16LE(frame.last ? lastFlag : 0, 10);
  bytes.writeUInt32LE(frame.id, 12);
  bytes.writeUInt32LE(jsonBytes, 16);
  bytes.writeUInt32LE(frame.bodyBytes, 20);
  bytes.writeUInt32LE(frame.stampEpoch, 24);
  bytes.writeDoubleLE(frame.stampN, 28);
  if (jsonBytes > 0) bytes.write(frame.json, fixedBytes);
  bytes.writeUInt32LE(crc32c(bytes.subarray(4)), 0);
  return bytes;
}

export interface FrameSink {
  /** A frame's head; `bodyBytes` of body follow through `body`. */
  frame(head: FrameHead, json: string): void;
  /** Body bytes of the frame before, as they came; they belong to the sink. `done` with the frame's last ones. */
  body(bytes: Buffer, done: boolean): void;
}

/** Cuts a byte stream into frames. Copies only heads that arrive in pieces, never bodies. */
export class FrameDecoder {
  /** Limits on what the peer may announce; raised when it has proven itself. */
  headBytesMax: number;
  bodyBytesMax: number;
  readonly #sink: FrameSink;
  /** A head of which a part has arrived. */
  #partial: Buffer | null = null;
  #partialBytes = 0;
  #bodyBytesLeft = 0;
  #stopped = false;

  constructor(limits: { headBytesMax: number; bodyBytesMax: number }, sink: FrameSink) {
    this.headBytesMax = limits.headBytesMax;
    this.bodyBytesMax = limits.bodyBytesMax;
    this.#sink = sink;
  }

  /** Nothing more is handed to the sink, also not from the chunk being worked on. */
  stop(): void {
    this.#stopped = true;
  }

  /** Throws `FrameBroken`. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#stopped) {
      if (this.#bodyBytesLeft > 0) at = this.#pushBody(chunk, at);
      else if (this.#partial !== null) at = this.#pushPartial(chunk, at, this.#partial);
      else at = this.#pushHead(chunk, at);
    }
  }

  #pushBody(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#bodyBytesLeft);
    this.#bodyBytesLeft -= end - at;
    this.#sink.body(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end), this.#bodyBytesLeft === 0);
    return end;
  }

  /** The usual case: the head lies whole in one chunk. */
  #pushHead(chunk: Buffer, at: number): number {
    if (chunk.length - at >= fixedBytes) {
      const end = at + fixedBytes + this.#jsonBytes(chunk, at);
      if (end <= chunk.length) {
        this.#accept(chunk, at, end);
        return end;
      }
    }
    this.#partial = Buffer.allocUnsafe(fixedBytes);
    this.#partialBytes = 0;
    return at;
  }

  #pushPartial(chunk: Buffer, at: number, partial: Buffer): number {
    const copied = chunk.copy(partial, this.#partialBytes, at);
    this.#partialBytes += copied;
    if (this.#partialBytes === partial.length) {
      const wholeBytes = fixedBytes + this.#jsonBytes(partial, 0);
      if (partial.length === wholeBytes) {
        this.#partial = null;
        this.#accept(partial, 0, wholeBytes);
      } else {
        this.#partial = Buffer.allocUnsafe(wholeBytes);
        partial.copy(this.#partial);
      }
    }
    return at + copied;
  }

  /** Checks what must hold before anything is reserved for the frame. */
  #jsonBytes(bytes: Buffer, at: number): number {
    if (bytes.readUInt16LE(at + 4) !== magic) throw new FrameBroken('not a frame');
    const version = bytes[at + 6]!;
    if (version < wireVersionMin || version > wireVersion) throw new FrameBroken(`unknown wire version ${version}`);
    const jsonBytes = bytes.readUInt32LE(at + 16);
    if (jsonBytes > this.headBytesMax) throw new FrameBroken(`a head of ${jsonBytes} bytes, ${this.headBytesMax} allowed`);
    const bodyBytes = bytes.readUInt32LE(at + 20);
    if (bodyBytes > this.bodyBytesMax) throw new FrameBroken(`${bodyBytes} body bytes in a frame, ${this.bodyBytesMax} allowed`);
    return jsonBytes;
  }

  #accept(bytes: Buffer, at: number, end: number): void {
    // One view for all: making a view costs more than reading from it
    const guarded = bytes.subarray(at + 4, end);
    if (crc32c(guarded) !== bytes.readUInt32LE(at)) throw new FrameBroken('damaged frame head');
    this.#bodyBytesLeft = bytes.readUInt32LE(at + 20);
    this.#sink.frame(
      {
        kind: bytes[at + 7]!,
        verb: bytes.readUInt16LE(at + 8),
        last: (bytes.readUInt16LE(at + 10) & lastFlag) !== 0,
        id: bytes.readUInt32LE(at + 12),
        bodyBytes: this.#bodyBytesLeft,
        stampEpoch: bytes.readUInt32LE(at + 24),
        stampN: bytes.readDoubleLE(at + 28),
      },
      end - at > fixedBytes ? guarded.toString('utf8', fixedBytes - 4) : '',
    );
  }
}
