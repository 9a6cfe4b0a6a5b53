import { Refusal } from '../model/refusal.js';

/** A request line and its header lines exactly as the socket gave them (Node decodes their bytes as latin1). */
export interface RawRequest {
  method: string;
  /** `req.url`: path and query as received. Never goes through `new URL`, which collapses `..` and takes `//x` for a host. */
  rawTarget: string;
  /** `req.rawHeaders`: name, value, name, value. `req.headers` drops repeated lines and inherits from Object. */
  rawHeaders: readonly string[];
}

/** S3 itself allows 8 KiB of headers; Node stops at 16 KiB of request line and headers together. */
export const headerBytesMax = 16 * 1024;
/** More lines are refused by count: Node's own `maxHeadersCount` would drop them without a word, `x-amz-acl` included. */
export const headerLinesMax = 200;
const targetBytesMax = 16 * 1024;
const queryParametersMax = 100;

/** The request after strict decoding. What it means depends on decoded text alone, as its signature does. */
export interface ParsedRequest {
  readonly method: string;
  /** Decoded path, begins with `/`. `..` and `//` stay what they are. Split it at the first `/` after the bucket. */
  readonly path: string;
  readonly query: QueryParameters;
  readonly headers: HeaderLines;
}

/** Decodes a request strictly. Refuses: uri-invalid, headers-too-many, request-invalid. */
export function parseRequest(raw: RawRequest): ParsedRequest {
  const { rawTarget } = raw;
  if (rawTarget.length > targetBytesMax) throw new Refusal('uri-invalid', 'The request target is too long.');
  if (rawTarget.charCodeAt(0) !== SLASH) throw new Refusal('uri-invalid', 'The request target has to begin with a slash.');
  const mark = rawTarget.indexOf('?');
  const headers = new HeaderLines(raw.rawHeaders);
  if (raw.method === 'GET' || raw.method === 'HEAD') refuseBody(headers);
  return {
    method: raw.method,
    path: decodePercent(mark === -1 ? rawTarget : rawTarget.slice(0, mark)),
    query: new QueryParameters(mark === -1 ? '' : rawTarget.slice(mark + 1)),
    headers,
  };
}

const SLASH = 0x2f;

/** Node accepts GET with a body; its bytes would be taken for the next request by anything less careful on the way. */
function refuseBody(headers: HeaderLines): void {
  const lengthText = headers.get('content-length');
  if (headers.get('transfer-encoding') !== null || (lengthText !== null && lengthText !== '0')) {
    throw new Refusal('request-invalid', 'A GET or HEAD request has no body.');
  }
}

/** Decoded query parameters in the order received. */
export class QueryParameters {
  readonly pairs: readonly (readonly [name: string, value: string])[];

  constructor(rawQuery: string) {
    this.pairs = rawQuery === '' ? [] : parsePairs(rawQuery);
  }

  has(name: string): boolean {
    return this.pairs.some((pair) => pair[0] === name);
  }

  /** The value, null when the name is absent, '' for `?name` and `?name=`. Refused when it is there twice. */
  get(name: string): string | null {
    let found: string | null = null;
    for (const pair of this.pairs) {
      if (pair[0] !== name) continue;
      if (found !== null) throw new Refusal('argument-invalid', `The query parameter ${name} is there more than once.`);
      found = pair[1];
    }
    return found;
  }
}

function parsePairs(rawQuery: string): (readonly [string, string])[] {
  const pieces = rawQuery.split('&', queryParametersMax + 1);
  if (pieces.length > queryParametersMax) throw new Refusal('request-invalid', 'The request has too many query parameters.');
  const pairs: (readonly [string, string])[] = [];
  for (const piece of pieces) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    if (equals === -1) pairs.push([decodeQueryText(piece), '']);
    else pairs.push([decodeQueryText(piece.slice(0, equals)), decodeQueryText(piece.slice(equals + 1))]);
  }
  return pairs;
}

/** In a query, unlike in a path, `+` stands for a space. */
function decodeQueryText(raw: string): string {
  return decodePercent(raw.includes('+') ? raw.replaceAll('+', ' ') : raw);
}

/**
 * Percent-decoding that refuses what is not `%` and two hex digits, or not UTF-8 (overlong forms and surrogates too).
 * Bytes above 0x7f that came unencoded count as themselves.
 */
function decodePercent(raw: string): string {
  if (/^[\x21-\x24\x26-\x7e ]*$/.test(raw)) return raw;
  try {
    return decodeURIComponent(raw.replaceAll(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`));
  } catch (cause) {
    if (cause instanceof URIError) throw new Refusal('uri-invalid');
    throw cause;
  }
}

/** Lines that may be there only once: a second one is an attempt to show different readers different values. */
const singleHeaders = new Set([
  'authorization',
  'content-length',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'expect',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'range',
  'transfer-encoding',
]);

function isSingle(name: string): boolean {
  if (name.startsWith('x-amz-')) return !name.startsWith('x-amz-meta-') && name !== 'x-amz-object-attributes';
  return singleHeaders.has(name);
}

/** Header lines by lower-case name. Repeated lines are joined by commas, or refused where only one makes sense. */
export class HeaderLines {
  readonly #values = new Map<string, string>();

  constructor(rawHeaders: readonly string[]) {
    if (rawHeaders.length > headerLinesMax * 2) throw new Refusal('headers-too-many');
    let sizeBytes = 0;
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      const name = rawHeaders[at]!.toLowerCase();
      const value = rawHeaders[at + 1]!;
      sizeBytes += name.length + value.length;
      const earlier = this.#values.get(name);
      if (earlier === undefined) this.#values.set(name, value);
      else if (isSingle(name)) throw new Refusal('request-invalid', `The header ${name} is there more than once.`);
      else this.#values.set(name, `${earlier},${value}`);
    }
    if (sizeBytes > headerBytesMax) throw new Refusal('headers-too-many', 'The request headers are too large.');
  }

  /** The value by lower-case name, null when there is none. Bytes above 0x7f are latin1 characters, as Node gives them. */
  get(name: string): string | null {
    return this.#values.get(name) ?? null;
  }

  /** All (lower-case name, value). */
  entries(): IterableIterator<[name: string, value: string]> {
    return this.#values.entries();
  }

  names(): IterableIterator<string> {
    return this.#values.keys();
  }
}
