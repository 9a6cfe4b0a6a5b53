import { keyBytesMax, listKeysMax } from '../model/limits.js';
import { Refusal } from '../model/refusal.js';
import type { QueryParameters } from './raw-request.js';

/** A number of entries: S3 answers at most 1,000 whatever is asked. */
export function readLimit(query: QueryParameters, name: string): number {
  const text = query.get(name);
  if (text === null || text === '') return listKeysMax;
  if (!/^\d{1,10}$/.test(text) || Number(text) > 2 ** 31 - 1)
    throw new Refusal('argument-invalid', `${name} must be an integer from 0 to 2147483647.`);
  return Math.min(Number(text), listKeysMax);
}

export function readEncodingType(query: QueryParameters): 'url' | null {
  const text = query.get('encoding-type');
  if (text === null || text === '') return null;
  if (text !== 'url') throw new Refusal('argument-invalid', 'Invalid Encoding Method specified in Request.');
  return 'url';
}

/** A prefix, delimiter or marker; no name that exists is longer. */
export function readName(query: QueryParameters, name: string): string {
  const text = query.get(name) ?? '';
  if (Buffer.byteLength(text) > keyBytesMax) throw new Refusal('key-too-long', `${name} is too long: at most 1024 bytes of UTF-8.`);
  return text;
}

/** A token says where the next page begins; clients hand it back untouched. */
export function writeToken(position: string): string {
  return Buffer.from(position).toString('base64url');
}

export function readToken(token: string): string {
  const bytes = Buffer.from(token, 'base64url');
  const position = bytes.toString();
  if (token === '' || bytes.length > 2 * keyBytesMax || writeToken(position) !== token) {
    throw new Refusal('argument-invalid', 'The continuation token provided is incorrect.');
  }
  return position;
}
