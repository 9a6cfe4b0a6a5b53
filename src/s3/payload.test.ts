import { describe, expect, test } from 'vitest';
import { Refusal } from '../model/refusal.js';
import { createPayloadDecoder, declaredLengthBytes, refuseStreaming, type PayloadMode } from './payload.js';
import { HeaderLines } from './raw-request.js';

const plain: PayloadMode = { kind: 'unsigned' };
const streaming: PayloadMode = { kind: 'streaming', trailer: true, signing: null };

function outcome<T>(attempt: () => T): T | string {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

describe('the declared length', () => {
  const length = (headers: string[], payload: PayloadMode = plain): unknown =>
    outcome(() => declaredLengthBytes(new HeaderLines(headers), payload));

  test('is Content-Length, or the decoded length of a stream', () => {
    const headers = ['content-length', '130', 'x-amz-decoded-content-length', '5'];
    expect(length(headers)).toBe(130);
    expect(length(headers, streaming)).toBe(5);
    expect(length(['transfer-encoding', 'chunked', 'x-amz-decoded-content-length', '0'], streaming)).toBe(0);
    expect(length(['content-length', String(5 * 2 ** 30)])).toBe(5 * 2 ** 30);
  });

  test.each([
    [[], plain, 'length-required'],
    [['transfer-encoding', 'chunked'], plain, 'length-required'],
    [['content-length', '5'], streaming, 'length-required'],
    [['x-amz-decoded-content-length', '-1'], streaming, 'argument-invalid'],
    [['x-amz-decoded-content-length', '1e3'], streaming, 'argument-invalid'],
    [['x-amz-decoded-content-length', ''], streaming, 'argument-invalid'],
    [['content-length', '9'.repeat(40)], plain, 'argument-invalid'],
    [['content-length', String(5 * 2 ** 30 + 1)], plain, 'body-too-large'],
  ])('of %j with %j: %s', (headers, payload, code) => {
    expect(length(headers, payload)).toBe(code);
  });
});

describe('a plain body', () => {
  test('comes out as it came, when it has its declared length', () => {
    const decoder = createPayloadDecoder(plain, 5);
    const [first, second] = [Buffer.from('he'), Buffer.from('llo')];
    expect([...decoder.push(first), ...decoder.push(second)]).toEqual([first, second]);
    decoder.end();
    expect(decoder.trailers.size).toBe(0);
  });

  test('is refused when it is shorter or longer', () => {
    expect(outcome(() => createPayloadDecoder(plain, 5).push(Buffer.from('hello!')))).toBe('request-invalid');
    expect(outcome(() => createPayloadDecoder(plain, 5).end())).toBe('body-incomplete');
  });
});

test('operations without a body of bytes refuse streams', () => {
  expect(outcome(() => refuseStreaming(streaming))).toBe('request-invalid');
  expect(outcome(() => refuseStreaming(plain))).toBeUndefined();
  expect(outcome(() => refuseStreaming({ kind: 'sha256', sha256: 'a'.repeat(64) }))).toBeUndefined();
});
