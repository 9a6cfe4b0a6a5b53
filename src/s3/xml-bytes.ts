import { formatXmlDate } from './http-date.js';

/** How free text is written into XML. */
export interface FreeText {
  write: (text: string) => string;
  /** By byte of UTF-8: 1 where `write` leaves it as it is, whatever stands around it. */
  plain: Uint8Array;
}

/** Much XML of a document, written by bytes: none of it is ever a text. */
export interface XmlPart {
  /** About how many it will be. */
  expectedBytes: number;
  writeTo: (bytes: XmlBytes) => void;
}

const dayMs = 86_400_000;
const colon = 0x3a;
const point = 0x2e;
const zero = 0x30;
const zulu = 0x5a;

/**
 * XML that is written as bytes into one buffer, for the many like elements of a list: made of texts they cost three times
 * as much.
 */
export class XmlBytes {
  #bytes: Buffer;
  #length = 0;
  #day = Number.NaN;
  /** `2026-11-24T`: a whole date costs 1.4 µs to format, which would be more than all else of an element. */
  #dayPiece: Uint8Array = Buffer.alloc(0);

  /** Grows when it becomes more than was expected. */
  constructor(expectedBytes: number) {
    this.#bytes = Buffer.allocUnsafe(expectedBytes);
  }

  get written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Appends what is XML already: nobody looks at it, so it never holds what came from outside. */
  piece(piece: Uint8Array): void {
    this.#reserve(piece.length);
    this.#bytes.set(piece, this.#length);
    this.#length += piece.length;
  }

  /** Appends the bytes of `source` from `start` to `end`, which are free text in UTF-8. */
  text(source: Buffer, start: number, end: number, { write, plain }: FreeText): void {
    this.#reserve(end - start);
    const bytes = this.#bytes;
    let length = this.#length;
    for (let at = start; at < end; at += 1) {
      const byte = source[at]!;
      if (plain[byte] === 0) {
        this.piece(Buffer.from(write(source.toString('utf8', start, end))));
        return;
      }
      bytes[length] = byte;
      length += 1;
    }
    this.#length = length;
  }

  /** Appends what `formatXmlDate` makes of the time. */
  date(timeMs: number): void {
    const day = Math.floor(timeMs / dayMs);
    if (day !== this.#day) {
      this.#day = day;
      this.#dayPiece = Buffer.from(formatXmlDate(timeMs).slice(0, 'YYYY-MM-DDT'.length));
    }
    this.piece(this.#dayPiece);
    this.#reserve('HH:MM:SS.mmmZ'.length);
    const restMs = timeMs - day * dayMs;
    const seconds = Math.floor(restMs / 1000);
    const minutes = Math.floor(seconds / 60);
    const milliseconds = restMs % 1000;
    this.#twoDigits(Math.floor(minutes / 60), colon);
    this.#twoDigits(minutes % 60, colon);
    this.#twoDigits(seconds % 60, point);
    this.#twoDigits(Math.floor(milliseconds / 10), zero + (milliseconds % 10)); // the third digit of the milliseconds
    this.#bytes[this.#length] = zulu;
    this.#length += 1;
  }

  #twoDigits(value: number, then: number): void {
    const bytes = this.#bytes;
    bytes[this.#length] = zero + Math.floor(value / 10);
    bytes[this.#length + 1] = zero + (value % 10);
    bytes[this.#length + 2] = then;
    this.#length += 3;
  }

  #reserve(moreBytes: number): void {
    if (this.#length + moreBytes <= this.#bytes.length) return;
    const bytes = Buffer.allocUnsafe(2 * (this.#length + moreBytes));
    this.#bytes.copy(bytes, 0, 0, this.#length);
    this.#bytes = bytes;
  }
}
