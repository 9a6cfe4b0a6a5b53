import * as fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SigningKey } from './signing-key.js';

describe('a signing key', () => {
  it('signs as HMAC-SHA256 does, whatever is signed and however often', () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((key) => Buffer.from(key));
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.constantFrom('', 'é\ud800', 'x'.repeat(10_000)));
    fc.assert(
      fc.property(bytes, fc.array(text, { minLength: 1, maxLength: 4 }), (key, texts) => {
        const signing = new SigningKey(key);
        const signatures = texts.map((text) => signing.sign(text));
        expect(signatures).toEqual(texts.map((text) => createHmac('sha256', key).update(text).digest('hex')));
      }),
    );
  });
});
