import { expect, test } from 'vitest';
import { consoleSteps, fillIn, mismatch } from './console-steps.js';

const document = `# A
## One
\`\`\`console
$ first \\
> second
line
…
$ third
\`\`\`
text
\`\`\`sh
not this
\`\`\`
\`\`\`console
$ fourth
\`\`\`
## Two
\`\`\`console
$ fifth
\`\`\`
`;

test('the steps of a section are its commands with their output', () => {
  expect(consoleSteps(document, 'One')).toEqual([
    { command: 'first \\\nsecond', expected: ['line', '…'] },
    { command: 'third', expected: [] },
    { command: 'fourth', expected: [] },
  ]);
  expect(consoleSteps(document, 'Two')).toEqual([{ command: 'fifth', expected: [] }]);
  expect(consoleSteps(document, 'Three')).toEqual([]);
});

test('output is compared line by line, with room where the document leaves it', () => {
  const known = new Map<string, string>();
  expect(mismatch(['a', 'b … d'], 'a\nb c d\n', known)).toBeNull();
  expect(mismatch(['…', 'z'], 'a\nb\nz\n', known)).toBeNull();
  expect(mismatch(['a', 'z'], 'a\nb\nz\n', known)).toMatch(/expected the line "z"/);
  expect(mismatch(['a.c'], 'abc', known)).toMatch(/expected/);
  expect(mismatch(['a'], '', known)).toMatch(/expected/);
});

test('a placeholder is learnt once and then known', () => {
  const known = new Map<string, string>();
  const id = '0190d2a8-0000-4000-8000-000000000000';
  expect(mismatch(['{"objectid":"OBJECT-ID"}'], `{"objectid":"${id}"}`, known)).toBeNull();
  expect(fillIn('curl /objects/OBJECT-ID', known)).toBe(`curl /objects/${id}`);
  expect(mismatch(['OBJECT-ID'], id.replace('0190', '0191'), known)).toMatch(/expected/);
});
