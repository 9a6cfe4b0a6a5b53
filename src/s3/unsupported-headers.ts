import { Refusal } from '../model/refusal.js';
import type { HeaderLines } from './raw-request.js';

/**
 * Headers that ask for something this store does not do. Ignoring one would be a silent lie (an object that its writer
 * believes to be encrypted, locked or tagged), so each is refused unless its value asks for what happens anyway.
 */
const UNSUPPORTED: readonly { prefix: string; harmless: readonly string[] }[] = [
  { prefix: 'x-amz-acl', harmless: ['private', 'bucket-owner-full-control'] },
  { prefix: 'x-amz-storage-class', harmless: ['standard'] },
  { prefix: 'x-amz-object-ownership', harmless: ['bucketownerenforced'] },
  { prefix: 'x-amz-bucket-object-lock-enabled', harmless: ['false'] },
  { prefix: 'x-amz-tagging-directive', harmless: ['copy'] },
  { prefix: 'x-amz-tagging', harmless: [''] },
  { prefix: 'x-amz-server-side-encryption', harmless: [] },
  { prefix: 'x-amz-copy-source-server-side-encryption', harmless: [] },
  { prefix: 'x-amz-object-lock-', harmless: [] },
  { prefix: 'x-amz-bypass-governance-retention', harmless: ['false'] },
  { prefix: 'x-amz-grant-', harmless: [] },
  { prefix: 'x-amz-mfa', harmless: [] },
  { prefix: 'x-amz-website-redirect-location', harmless: [] },
  { prefix: 'x-amz-write-offset-bytes', harmless: [] },
  { prefix: 'x-amz-rename-', harmless: [] },
  { prefix: 'x-amz-if-match-', harmless: [] },
  { prefix: 'x-amz-expected-bucket-owner', harmless: [] },
  { prefix: 'x-amz-source-expected-bucket-owner', harmless: [] },
];

/** Throws `not-implemented` at the first header whose wish cannot be granted. */
export function refuseUnsupportedHeaders(headers: HeaderLines): void {
  for (const [name, value] of headers.entries()) {
    if (!name.startsWith('x-amz-')) continue;
    const rule = UNSUPPORTED.find((row) => name.startsWith(row.prefix));
    if (rule && !rule.harmless.includes(value.trim().toLowerCase())) {
      throw new Refusal('not-implemented', `The header ${name} asks for functionality that is not implemented.`);
    }
  }
}
