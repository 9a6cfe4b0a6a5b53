import { putSizeBytesMax } from '../model/limits.js';
import { Refusal } from '../model/refusal.js';
import { AwsChunkedDecoder, type ChunkSigning } from './aws-chunked.js';
import type { HeaderLines } from './raw-request.js';

/** How the body is framed and what vouches for its bytes, from x-amz-content-sha256. */
export type PayloadMode =
  /** The bytes as they are; TLS or a checksum vouches for them. */
  | { kind: 'unsigned' }
  /** The bytes as they are; their SHA-256 (hex) is part of the signature. */
  | { kind: 'sha256'; sha256: string }
  /** aws-chunked framing; `signing` is null where chunks carry no signatures. */
  | { kind: 'streaming'; trailer: boolean; signing: ChunkSigning | null };

/**
 * The mode that a literal of x-amz-content-sha256 names; `signing` is used where chunks are signed. Any other literal (ECDSA,
 * or an invented one) is refused: request-invalid.
 */
export function payloadMode(literal: string, signing: ChunkSigning): PayloadMode {
  switch (literal) {
    case 'UNSIGNED-PAYLOAD':
      return { kind: 'unsigned' };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { kind: 'streaming', trailer: false, signing };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { kind: 'streaming', trailer: true, signing };
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'streaming', trailer: true, signing: null };
    default:
      if (/^[0-9a-f]{64}$/.test(literal)) return { kind: 'sha256', sha256: literal };
      throw new Refusal('request-invalid', 'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING literal or a SHA-256 in hex.');
  }
}

/**
 * The size of the decoded body as the headers declare it: x-amz-decoded-content-length for streams (which may come with
 * `Transfer-Encoding: chunked`), else Content-Length. Refuses: length-required, argument-invalid, body-too-large.
 */
export function declaredLengthBytes(headers: HeaderLines, payload: PayloadMode): number {
  const name = payload.kind === 'streaming' ? 'x-amz-decoded-content-length' : 'content-length';
  const text = headers.get(name);
  if (text === null) throw new Refusal('length-required', `The header ${name} is missing.`);
  if (!/^\d{1,15}$/.test(text)) throw new Refusal('argument-invalid', `The header ${name} is not a length.`);
  const lengthBytes = Number(text);
  if (lengthBytes > putSizeBytesMax) throw new Refusal('body-too-large');
  return lengthBytes;
}

/** For operations whose body is XML or empty: aws-chunked belongs to bodies of bytes alone. */
export function refuseStreaming(payload: PayloadMode): void {
  if (payload.kind === 'streaming') throw new Refusal('request-invalid', 'This operation takes no streaming payload.');
}

/** Takes the bytes of the socket, gives the bytes of the object. Never copies them. */
export interface PayloadDecoder {
  /** The decoded pieces of the next received bytes. Refuses as soon as they cannot become a whole body. */
  push(received: Buffer): Buffer[];
  /** To be called at the end of the body; refuses when something is missing (body-incomplete) or unproven. */
  end(): void;
  /** Trailing headers, names in lower case; whole after `end`. */
  readonly trailers: ReadonlyMap<string, string>;
}

/** `lengthBytes`: what `declaredLengthBytes` gave. */
export function createPayloadDecoder(payload: PayloadMode, lengthBytes: number): PayloadDecoder {
  if (payload.kind === 'streaming') return new AwsChunkedDecoder({ ...payload, lengthBytes });
  return new PlainDecoder(lengthBytes);
}

class PlainDecoder implements PayloadDecoder {
  readonly trailers: ReadonlyMap<string, string> = new Map();
  #missingBytes: number;

  constructor(lengthBytes: number) {
    this.#missingBytes = lengthBytes;
  }

  push(received: Buffer): Buffer[] {
    this.#missingBytes -= received.length;
    if (this.#missingBytes < 0) throw new Refusal('request-invalid', 'The body is longer than its declared length.');
    return [received];
  }

  end(): void {
    if (this.#missingBytes > 0) throw new Refusal('body-incomplete');
  }
}
