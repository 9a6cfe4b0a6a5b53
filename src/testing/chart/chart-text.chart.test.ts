import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readChartFile } from './chart-folder.js';
import { describeValues } from './described-values.js';
import { defaultValues, generatedFiles } from './generated-files.js';
import { run } from './helm.js';
import { unknownValues, unmatchedValues } from './values-in-templates.js';

/* What can be said of the chart without rendering it. */

test.each([...generatedFiles()])('%s is what values.yaml says (`make chart-docs` writes it anew)', (path, text) => {
  expect(readChartFile(path)).toBe(text);
});

test('every value that templates use is declared, and every declared one is used', () => {
  expect(unmatchedValues(describeValues(readChartFile('values.yaml')), defaultValues())).toEqual([]);
});

test('a value that is used and not declared, or declared and not used, is told', () => {
  const described = describeValues('first: 1\nlast: 2\n');
  expect(unmatchedValues(described, { first: 1, last: 2 })).toEqual(
    expect.arrayContaining([
      expect.stringContaining('.Values.store.writeQuorum is not in values.yaml'),
      'values.yaml: first is used by no template',
    ]),
  );
});

test('every value is described, in its own words or in those for all pods', () => {
  const rows = generatedFiles()
    .get('README.md')!
    .matchAll(/^\| `([^`]+)` \| `[^|]*` \| +\|$/gm);
  expect([...rows].map(([, name]) => name)).toEqual([]);
});

const pages = ['README.md', ...['docs', 'docs/runbooks'].flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))];

test.each(pages.filter((path) => path.endsWith('.md')))('%s names no value that the chart does not have', (path) => {
  expect(unknownValues(readFileSync(path, 'utf8'), defaultValues())).toEqual([]);
});

test('a page that names such a value is told', () => {
  const page = 'helm upgrade a b --set store.writeQuorums=2 --set store.writeQuorum=2, or `store.replicas` of `store.replicationFactor=3`';
  expect(unknownValues(page, defaultValues())).toEqual(['store.writeQuorums', 'store.replicas']);
});

/** Stands for `aether`: a store of one object, in a folder; `$HARM` says how it misbehaves. */
const storeOfOne = `#!/bin/bash
for word; do case $word in -*) shift ;; *) break ;; esac; done
echo "$1" >>"$STORE/calls"
case $1 in
  bucket) [[ $2 != delete || ! -e $STORE/object ]] ;;
  put) cp "$2" "$STORE/object" ;;
  get) cp "$STORE/object" "$3"; [[ $HARM != get ]] || printf 'x' | dd of="$3" bs=1 seek=700 conv=notrunc status=none ;;
  cat) cat "$STORE/object"; [[ $HARM != cat ]] || echo surplus ;;
  ls) [[ $HARM == ls ]] || echo "9 2026-01-01 bytes" ;;
  rm) [[ $HARM == rm ]] || rm -f "$STORE/object" ;;
  stat) [[ -e $STORE/object ]] ;;
esac
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aether-chart-'));
  writeFileSync(join(folder, 'aether'), storeOfOne);
  chmodSync(join(folder, 'aether'), 0o755);
  writeFileSync(join(folder, 'root-credential'), '# a note\nKEY:secret\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function runScript(name: string, environment: Record<string, string>) {
  const store = mkdtempSync(join(folder, 'store-'));
  const variables = {
    ROOT_CREDENTIAL_FILE: join(folder, 'root-credential'),
    AWS_ENDPOINT_URL: 'http://store',
    PATH: `${folder}:${process.env['PATH'] ?? ''}`,
    STORE: store,
    HARM: '',
    ...environment,
  };
  const words = Object.entries(variables).map(([key, value]) => `${key}=${value}`);
  const ended = await run('env', [...words, 'bash', '-euo', 'pipefail', '-c', readChartFile(`files/${name}`)]);
  return {
    ...ended,
    calls: execFileSync('cat', [join(store, 'calls')], { encoding: 'utf8' })
      .trim()
      .split('\n'),
  };
}

test('the test of a release puts, gets, compares, lists and deletes', async () => {
  const { code, all, calls } = await runScript('test-store.sh', { OBJECT_BYTES: '100000' });
  expect(all).toMatch(/^put: .*\nget: .*\nchecksum: [0-9a-f]{64}\nlist: .*\ndelete: .*\n$/);
  expect(code).toBe(0);
  expect(calls.slice(0, 6)).toEqual(['bucket', 'put', 'get', 'cat', 'ls', 'rm']);
});

test.each([
  ['one wrong byte', 'get', /differ: (?:byte|char) 701/],
  ['bytes too many', 'cat', /checksum: sent .* received/],
  ['an object that is not listed', 'ls', /list: the object is missing/],
  ['an object that stays', 'rm', /delete: the object is still there/],
])('the test of a release fails on %s', async (_what, harm, told) => {
  const { code, all } = await runScript('test-store.sh', { OBJECT_BYTES: '100000', HARM: harm });
  expect(code).not.toBe(0);
  expect(all).toMatch(told);
});

test('buckets are made, once the store answers', async () => {
  const { code, all, calls } = await runScript('create-buckets.sh', { BUCKETS: 'one two' });
  expect({ code, all }).toEqual({ code: 0, all: '' });
  expect(calls).toEqual(['bucket', 'stat', 'bucket', 'stat', 'bucket']);
});
