import { describe, expect, it } from 'vitest';
import { AssertionFailure } from '../base/assert.js';
import { Refusal, type RefusalCode } from './refusal.js';
import { restError } from './rest-error.js';

const bodyError = (type: string, status: number): Error => Object.assign(new Error('secret /path/of/server'), { type, status });

describe('restError', () => {
  const table: [unknown, RefusalCode, number][] = [
    [new Refusal('object-unknown'), 'object-unknown', 404],
    [new Refusal('node-proven'), 'node-proven', 409],
    [bodyError('entity.parse.failed', 400), 'json-malformed', 400],
    [bodyError('encoding.unsupported', 415), 'json-malformed', 400],
    [bodyError('entity.too.large', 413), 'request-too-large', 413],
    [bodyError('request.aborted', 400), 'body-incomplete', 400],
    [new URIError('URI malformed'), 'uri-invalid', 400],
    [bodyError('stream.encoding.set', 500), 'internal', 500],
    [new AssertionFailure('unreachable: secret'), 'internal', 500],
    ['a thrown text', 'internal', 500],
  ];
  it.each(table)('turns %s into %s', (error, code, status) => {
    const answer = restError(error);
    expect(answer.status).toBe(status);
    expect(answer.body.error.code).toBe(code);
    expect(answer.body.error.message).not.toContain('secret');
  });

  it('says what an expected refusal has to say', () => {
    expect(restError(new Refusal('object-incomplete', 'one copy is missing')).body.error.message).toBe('one copy is missing');
  });

  it('hands only unexpected errors to the log', () => {
    expect(restError(new Refusal('object-unknown')).unexpected).toBeNull();
    const failure = new AssertionFailure('no');
    expect(restError(failure).unexpected).toBe(failure);
  });
});
