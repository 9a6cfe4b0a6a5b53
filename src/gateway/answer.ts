import type { Refusal } from '../model/refusal.js';
import type { XmlPart } from '../s3/xml-bytes.js';
import { xmlDocument, type XmlText } from '../s3/xml-write.js';

/** What an operation answers. Headers are one flat list of names and values, as Node writes them fastest; its sender adds to it. */
export interface Answer {
  status: number;
  headers: string[];
  body: Buffer | AnswerStream | null;
}

/** A body that is sent as it is read. */
export interface AnswerStream {
  lengthBytes: number;
  /** Null: only the length is told (HEAD). */
  bytes: AsyncIterable<Buffer> | null;
}

/** A refusal that has more to say than its code. */
export class DetailedRefusal extends Error {
  override readonly name = 'DetailedRefusal';
  readonly refusal: Refusal;
  /** Headers of the answer. */
  readonly headers: string[];
  /** Further elements of the error document. */
  readonly elements: XmlText | null;

  constructor(refusal: Refusal, more: { headers?: string[]; elements?: XmlText }) {
    super(refusal.message);
    this.refusal = refusal;
    this.headers = more.headers ?? [];
    this.elements = more.elements ?? null;
  }
}

export function emptyAnswer(status: number, headers: string[] = []): Answer {
  return { status, headers, body: null };
}

/** 200 with a document. */
export function xmlAnswer(root: string, content: XmlText | (XmlText | XmlPart)[], headers: string[] = []): Answer {
  headers.push('content-type', 'application/xml');
  return { status: 200, headers, body: xmlDocument(root, content) };
}
