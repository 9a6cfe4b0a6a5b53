import { userMetadataBytesMax } from '../model/limits.js';
import type { ObjectAttributes } from '../model/object.js';
import { Refusal } from '../model/refusal.js';
import type { HeaderLines, QueryParameters } from './raw-request.js';

/** Standard headers that are kept with an object and given back. */
const KEPT = ['content-type', 'cache-control', 'content-disposition', 'content-encoding', 'content-language', 'expires'] as const;

const METADATA_PREFIX = 'x-amz-meta-';
/** What Node would refuse to send back: everything else of ISO 8859-1 travels as it came. */
const FORBIDDEN_PATTERN = /[^\t\x20-\x7e\x80-\xff]/;

function kept(name: string, value: string): string {
  if (FORBIDDEN_PATTERN.test(value))
    throw new Refusal('argument-invalid', `The value of ${name} has characters that a header cannot carry.`);
  return value;
}

/** `aws-chunked` says how the body travelled; what remains says what the object is. */
function withoutChunking(contentEncoding: string): string {
  const codings = contentEncoding.split(',').map((coding) => coding.trim());
  return codings.filter((coding) => coding !== '' && coding.toLowerCase() !== 'aws-chunked').join(',');
}

/** The attributes that a writing request gives its object. */
export function readAttributes(headers: HeaderLines): ObjectAttributes {
  const attributes: ObjectAttributes = { headers: {}, userMetadata: {} };
  for (const name of KEPT) {
    const sent = headers.get(name);
    const value = name === 'content-encoding' && sent !== null ? withoutChunking(sent) : sent;
    if (value !== null && value !== '') attributes.headers[name] = kept(name, value);
  }
  let metadataBytes = 0;
  const metadata: [string, string][] = [];
  for (const [name, value] of headers.entries()) {
    if (!name.startsWith(METADATA_PREFIX)) continue;
    const short = name.slice(METADATA_PREFIX.length);
    if (short === '') throw new Refusal('argument-invalid', 'A user metadata header needs a name.');
    metadataBytes += short.length + value.length;
    metadata.push([short, kept(name, value)]);
  }
  if (metadataBytes > userMetadataBytesMax) throw new Refusal('metadata-too-large');
  // fromEntries defines properties, so that even `__proto__` is a plain name.
  attributes.userMetadata = Object.fromEntries(metadata);
  return attributes;
}

/** AWS gives this type to an object that was written without one. */
const DEFAULT_TYPE = 'binary/octet-stream';

/** `response-*` query parameters of a signed GET and the header that each one sets. */
const OVERRIDES: Readonly<Record<string, string>> = {
  'response-content-type': 'content-type',
  'response-cache-control': 'cache-control',
  'response-content-disposition': 'content-disposition',
  'response-content-encoding': 'content-encoding',
  'response-content-language': 'content-language',
  'response-expires': 'expires',
};

/** Adds an object's attributes to the headers of an answer (flat list of names and values). */
export function writeAttributes(answer: string[], attributes: ObjectAttributes, query: QueryParameters): void {
  const overridden = overrides(query);
  if (!overridden?.has('content-type')) answer.push('content-type', attributes.headers['content-type'] ?? DEFAULT_TYPE);
  for (const name in attributes.headers) {
    if (name !== 'content-type' && !overridden?.has(name)) answer.push(name, attributes.headers[name]!);
  }
  if (overridden) for (const [name, value] of overridden) answer.push(name, value);
  for (const name in attributes.userMetadata) answer.push(METADATA_PREFIX + name, attributes.userMetadata[name]!);
}

function overrides(query: QueryParameters): Map<string, string> | null {
  let found: Map<string, string> | null = null;
  for (const [parameter, value] of query.pairs) {
    const name = Object.hasOwn(OVERRIDES, parameter) ? OVERRIDES[parameter] : undefined;
    if (name === undefined) continue;
    found ??= new Map();
    found.set(name, kept(parameter, value));
  }
  return found;
}
