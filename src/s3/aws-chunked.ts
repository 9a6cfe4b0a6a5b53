import { createHash, hash, type Hash } from 'node:crypto';
import { assert } from '../base/assert.js';
import { Refusal } from '../model/refusal.js';
import { emptySha256, equalsHex } from './canonical.js';
import type { SigningKey } from './signing-key.js';

/** What each chunk of a signed stream is verified with; the chain starts at the signature of the request itself. */
export interface ChunkSigning {
  key: SigningKey;
  /** x-amz-date */
  timestamp: string;
  scope: string;
  /** Hex signature of the request's head. */
  seedSignature: string;
}

export interface AwsChunkedOptions {
  /** Whether trailing headers follow the last chunk. */
  trailer: boolean;
  signing: ChunkSigning | null;
  /** x-amz-decoded-content-length: the sum of all chunks has to be this. */
  lengthBytes: number;
}

/** 16 hex digits, `;chunk-signature=`, 64 hex digits. */
const smallPieceBytes = 4096;
const sizeLineBytesMax = 128;
const trailerLineBytesMax = 1024;
const trailerLinesMax = 16;
const trailerSignatureName = 'x-amz-trailer-signature';

const LF = 0x0a;

type State = 'size' | 'data' | 'data-end' | 'trailer' | 'last-line' | 'done';

/**
 * Decoder of the `aws-chunked` framing ("Signature Calculations: Transferring Payload in Multiple Chunks", Amazon S3 API):
 *
 *     size-in-hex[;chunk-signature=…] CRLF bytes CRLF … 0[;chunk-signature=…] CRLF [trailers] CRLF
 *
 * Signed chunks form a chain: each signature covers the one before it, so none can be left out, repeated or moved. Bytes
 * are handed on before the signature of their chunk is known; what was stored becomes visible only after `end`.
 */
export class AwsChunkedDecoder {
  readonly trailers = new Map<string, string>();
  readonly #trailer: boolean;
  readonly #chain: SignatureChain | null;
  #state: State = 'size';
  /** Bytes of all chunks that are still to come. */
  #missingBytes: number;
  /** Bytes of this chunk that are still to come. */
  #chunkBytes = 0;
  /** The beginning of a line that ended in an earlier piece. */
  #line = '';
  #trailerLines = 0;
  #trailerProven = false;

  constructor(options: AwsChunkedOptions) {
    this.#trailer = options.trailer;
    this.#missingBytes = options.lengthBytes;
    this.#chain = options.signing === null ? null : new SignatureChain(options.signing);
  }

  push(received: Buffer): Buffer[] {
    const decoded: Buffer[] = [];
    let at = 0;
    while (at < received.length) {
      if (this.#state === 'done') throw malformed('bytes follow the end');
      if (this.#state === 'data') {
        const bytes = received.subarray(at, at + this.#chunkBytes);
        at += bytes.length;
        this.#takeData(bytes);
        decoded.push(bytes);
      } else {
        at = this.#takeLine(received, at);
      }
    }
    return joinSmall(decoded);
  }

  end(): void {
    // A trailer section may close with the end of the body instead of its empty line.
    const closed = this.#state === 'done' || (this.#state === 'trailer' && this.#line === '' && this.#trailerLines > 0);
    if (!closed || this.#missingBytes > 0) throw new Refusal('body-incomplete');
    if (this.#trailer && this.#chain !== null && !this.#trailerProven)
      throw new Refusal('body-incomplete', 'The trailer signature is missing.');
  }

  #takeData(bytes: Buffer): void {
    this.#chain?.update(bytes);
    this.#chunkBytes -= bytes.length;
    if (this.#chunkBytes === 0) this.#state = 'data-end';
  }

  /** Reads to the end of the line or of the piece; answers where to go on. */
  #takeLine(received: Buffer, at: number): number {
    const limit = this.#state === 'trailer' ? trailerLineBytesMax : sizeLineBytesMax;
    const window = received.subarray(at, at + limit + 1 - this.#line.length);
    const feed = window.indexOf(LF);
    const piece = window.toString('latin1', 0, feed === -1 ? window.length : feed);
    this.#line += piece;
    if (feed === -1) {
      if (this.#line.length > limit) throw malformed('a line is too long');
      return at + window.length;
    }
    const line = this.#line;
    this.#line = '';
    this.#handleLine(line.endsWith('\r') ? line.slice(0, -1) : line, line.endsWith('\r'));
    return at + feed + 1;
  }

  #handleLine(line: string, crlf: boolean): void {
    if (!crlf && this.#state !== 'trailer') throw malformed('a line does not end in CRLF');
    switch (this.#state) {
      case 'size':
        this.#beginChunk(line);
        return;
      case 'data-end':
        if (line !== '') throw malformed('a chunk is longer than its size');
        this.#chain?.closeChunk();
        this.#state = 'size';
        return;
      case 'last-line':
        if (line !== '') throw malformed('bytes follow the last chunk');
        this.#state = 'done';
        return;
      case 'trailer':
        this.#takeTrailerLine(line);
        return;
      case 'data':
      case 'done':
        assert(false, 'no line is read here');
    }
  }

  #beginChunk(line: string): void {
    const match = (this.#chain === null ? /^([0-9a-fA-F]{1,16})$/ : /^([0-9a-fA-F]{1,16});chunk-signature=([0-9a-f]{64})$/).exec(line);
    if (match === null) throw malformed('a size line is not valid');
    const sizeBytes = Number.parseInt(match[1]!, 16);
    if (sizeBytes > this.#missingBytes) throw new Refusal('request-invalid', 'The chunks are longer than x-amz-decoded-content-length.');
    this.#chain?.beginChunk(match[2]!);
    this.#missingBytes -= sizeBytes;
    this.#chunkBytes = sizeBytes;
    if (sizeBytes > 0) {
      this.#state = 'data';
      return;
    }
    this.#chain?.closeChunk();
    if (this.#missingBytes > 0) throw new Refusal('body-incomplete', 'The chunks are shorter than x-amz-decoded-content-length.');
    this.#state = this.#trailer ? 'trailer' : 'last-line';
  }

  #takeTrailerLine(line: string): void {
    this.#trailerLines += 1;
    if (this.#trailerLines > trailerLinesMax) throw malformed('too many trailing headers');
    if (line === '') {
      // Some clients put an empty line before the trailer's signature as well; the signature closes the section.
      if (this.#chain === null || this.#trailerProven) this.#state = 'done';
      return;
    }
    if (this.#trailerProven) throw malformed('bytes follow the trailer signature');
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (colon < 1 || this.trailers.has(name)) throw malformed('a trailing header is not valid');
    if (name !== trailerSignatureName) this.trailers.set(name, value);
    else if (this.#chain === null) throw malformed('an unsigned stream carries a trailer signature');
    else {
      this.#chain.verifyTrailer(this.trailers, value);
      this.#trailerProven = true;
    }
  }
}

function malformed(why: string): Refusal {
  return new Refusal('request-invalid', `The aws-chunked body is malformed: ${why}.`);
}

/** The chain of signatures over chunks and trailer. */
class SignatureChain {
  readonly #signing: ChunkSigning;
  #previous: string;
  #expected = '';
  /** The bytes of the chunk so far: the only piece, or a running hash once there are two. */
  #piece: Buffer | null = null;
  #running: Hash | null = null;

  constructor(signing: ChunkSigning) {
    this.#signing = signing;
    this.#previous = signing.seedSignature;
  }

  beginChunk(signature: string): void {
    this.#expected = signature;
  }

  update(bytes: Buffer): void {
    if (this.#running !== null) {
      this.#running.update(bytes);
    } else if (this.#piece === null) {
      this.#piece = bytes;
    } else {
      this.#running = createHash('sha256').update(this.#piece).update(bytes);
      this.#piece = null;
    }
  }

  closeChunk(): void {
    let digest = emptySha256;
    if (this.#running !== null) digest = this.#running.digest('hex');
    else if (this.#piece !== null) digest = hash('sha256', this.#piece, 'hex');
    this.#running = null;
    this.#piece = null;
    this.#verify(`AWS4-HMAC-SHA256-PAYLOAD`, `${emptySha256}\n${digest}`, this.#expected);
  }

  verifyTrailer(trailers: ReadonlyMap<string, string>, signature: string): void {
    let text = '';
    for (const [name, value] of trailers) text += `${name}:${value}\n`;
    this.#verify('AWS4-HMAC-SHA256-TRAILER', hash('sha256', Buffer.from(text, 'latin1'), 'hex'), signature);
  }

  #verify(algorithm: string, rest: string, signature: string): void {
    const { key, timestamp, scope } = this.#signing;
    const expected = key.sign(`${algorithm}\n${timestamp}\n${scope}\n${this.#previous}\n${rest}`);
    if (!equalsHex(expected, signature)) throw new Refusal('signature-mismatch');
    this.#previous = signature;
  }
}

/**
 * Each piece costs its holders far more than a byte, and a client may send chunks of one byte: runs of small pieces become
 * one buffer. Larger ones are handed on without a copy.
 */
function joinSmall(pieces: Buffer[]): Buffer[] {
  if (pieces.length < 2) return pieces;
  const joined: Buffer[] = [];
  let run: Buffer[] = [];
  const endRun = (): void => {
    if (run.length > 0) joined.push(run.length === 1 ? run[0]! : Buffer.concat(run));
    run = [];
  };
  for (const piece of pieces) {
    if (piece.length < smallPieceBytes) run.push(piece);
    else {
      endRun();
      joined.push(piece);
    }
  }
  endRun();
  return joined;
}
