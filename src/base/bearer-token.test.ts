import { expect, test } from 'vitest';
import { bearerTokenAccepted } from './bearer-token.js';

const tokens = ['Qm9yZWQtd2l0aC1ndWVzc2Vz', 'the-one-before-rotation'];

test('accepts every token in force, whatever the case of the scheme', () => {
  expect(bearerTokenAccepted(`Bearer ${tokens[0]}`, tokens)).toBe(true);
  expect(bearerTokenAccepted(`bearer  ${tokens[1]}`, tokens)).toBe(true);
});

test.each([undefined, '', 'Bearer', 'Bearer ', `Basic ${tokens[0]}`, `Bearer ${tokens[0]}x`, `Bearer x ${tokens[0]}`, tokens[0]])(
  'refuses %j',
  (header) => {
    expect(bearerTokenAccepted(header, tokens)).toBe(false);
  },
);

test('refuses everything when no token is in force', () => {
  expect(bearerTokenAccepted('Bearer x', [])).toBe(false);
});
