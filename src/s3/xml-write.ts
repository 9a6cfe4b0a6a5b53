import { assert } from '../base/assert.js';
import { XmlBytes, type FreeText, type XmlPart } from './xml-bytes.js';

const SPECIAL_PATTERN = /[&<>"'\p{Cc}\ufffe\uffff]/u;
const SPECIALS_PATTERN = /[&<>"'\p{Cc}\ufffe\uffff]/gu;
const NAMED: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** CR, LF and TAB would be normalised by a reader, so they travel as references, like what XML cannot hold at all. */
function escapeText(text: string): string {
  if (!SPECIAL_PATTERN.test(text)) return text;
  return text.replace(SPECIALS_PATTERN, (character) => NAMED[character] ?? `&#${character.charCodeAt(0)};`);
}

/** Text that is XML already. Only `xml` and what is built on it make one, so nothing gets into an answer unescaped; long lists are an `XmlPart`. */
export class XmlText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** What may stand in a template: null and undefined write nothing. */
export type XmlValue = string | number | boolean | null | undefined | XmlText | XmlText[];

function written(value: XmlValue): string {
  if (value === null || value === undefined) return '';
  if (value instanceof XmlText) return value.toString();
  if (Array.isArray(value)) return value.join('');
  return typeof value === 'string' ? escapeText(value) : String(value);
}

/** A template whose values are escaped: ``xml`<Key>${key}</Key>` ``. */
export function xml(literals: TemplateStringsArray, ...values: XmlValue[]): XmlText {
  let text = literals[0]!;
  for (let i = 0; i < values.length; i += 1) text += written(values[i]) + literals[i + 1]!;
  return new XmlText(text);
}

/** An element whose name is not known while writing the program. */
export function xmlElement(name: string, text: string): XmlText {
  assert(/^\w+$/.test(name), 'a name of an element is a word of ours');
  return new XmlText(`<${name}>${escapeText(text)}</${name}>`);
}

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

function textPart(text: string): XmlPart {
  const encoded = Buffer.from(text);
  return { expectedBytes: encoded.length, writeTo: (bytes) => bytes.piece(encoded) };
}

/** A whole document: declaration, root element, content. Of all documents only errors have no name space. */
export function xmlDocument(root: string, content: XmlText | (XmlText | XmlPart)[], namespace: string | null = NAMESPACE): Buffer {
  const start = `<?xml version="1.0" encoding="UTF-8"?>\n<${namespace === null ? root : `${root} xmlns="${namespace}"`}>`;
  if (content instanceof XmlText) return Buffer.from(`${start}${content.toString()}</${root}>`);
  const parts = [
    textPart(start),
    ...content.map((part) => (part instanceof XmlText ? textPart(part.toString()) : part)),
    textPart(`</${root}>`),
  ];
  // One memory for all of it: a second one for each document would be a collection of garbage for every dozen of them
  const bytes = new XmlBytes(parts.reduce((sum, { expectedBytes }) => sum + expectedBytes, 0));
  for (const { writeTo } of parts) writeTo(bytes);
  return bytes.written;
}

/** Like `encodeURIComponent`, but exactly the unreserved characters of RFC 3986 and the slash stay. */
function percentEncode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/');
}

/** How names are written into a list: as they are, or encoded when the client asked with encoding-type=url. */
export function nameWriter(encodingType: 'url' | null): (name: string) => string {
  return encodingType === 'url' ? percentEncode : (name) => name;
}

/** The first bytes of the characters beyond ASCII that `escapeText` has something to do with: U+0080 to U+009F, U+FFFE, U+FFFF. */
const leadsOfSpecials = [0xc2, 0xef];

function freeText(write: (text: string) => string): FreeText {
  const isKept = (text: string): number => (write(text) === text ? 1 : 0);
  const plain = new Uint8Array(256).fill(isKept('\u{10000}'));
  for (let code = 0; code < 0x80; code += 1) plain[code] = isKept(String.fromCharCode(code));
  for (const lead of leadsOfSpecials) plain[lead] = 0;
  return { write, plain };
}

/** How names are written as bytes: the same, and escaped. */
export const escaped = freeText(escapeText);
export const percentEncoded = freeText((name) => escapeText(percentEncode(name)));
